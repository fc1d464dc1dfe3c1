"""Errors of data sets; each message says what is wrong, where, and how to fix it."""


class DataError(ValueError):
    """A data set, list or setting that cannot be used as it is."""


class VideoDecodeError(DataError):
    """A video that does not give the frames asked of it; the message begins with its path."""
