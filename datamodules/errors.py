"""Errors of data sets; each message says what is wrong, where, and how to fix it."""


class DataError(ValueError):
    """A data set, list or setting cannot be used."""


class VideoDecodeError(DataError):
    """A video does not decode to the requested frames; the message starts with its path."""


class VideoAccessError(VideoDecodeError):
    """A video cannot be read now, for a cause outside the file: it may work next time."""
