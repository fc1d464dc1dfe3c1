"""What goes wrong with data because of the data: each message names what, where and the remedy."""


class DataError(ValueError):
    """A data set, list or setting that cannot be used as it is."""


class VideoDecodeError(DataError):
    """A video that does not give the frames asked of it; the message begins with its path."""


class VideoAccessError(VideoDecodeError):
    """A video that cannot be read now, for a cause outside the file: it may work next time."""
