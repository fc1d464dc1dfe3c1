"""Opens a video file for FFmpeg, which then can open nothing else."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from datamodules.decoding.containers.demuxers import WHITELIST
from datamodules.errors import VideoAccessError, VideoDecodeError

TRANSIENT: Final = {
    *(errno.EIO, errno.ESTALE, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN),
    *(errno.EINTR, errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ECONNRESET, errno.ETIMEDOUT),
    *(errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH),
}
"""Causes of a failed read that lie outside the file: the machine, the disk, the network."""

URL = "fd:"


@contextmanager
def open_file(path: Path) -> Iterator[int]:
    """Open a regular file; give its descriptor.

    Raises:
        VideoAccessError: If it cannot be opened.
        VideoDecodeError: If it is no regular file.
    """
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise VideoAccessError(f"{path}: no such file; check the list and its root") from None
    except OSError as error:
        raise cannot_be_opened(path, error) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise VideoDecodeError(f"{path}: is no regular file; take it out of the list")
        yield descriptor
    finally:
        os.close(descriptor)


def cannot_be_opened(path: Path, error: OSError) -> VideoAccessError:
    """Describe a failure of the operating system to open or read a file."""
    reason = error.strerror or str(error)
    return VideoAccessError(
        f"{path}: cannot be opened ({reason}); check its permissions, the disk and the machine"
    )


def ffmpeg_options(descriptor: int) -> dict[str, str]:
    """Return the options with which FFmpeg opens `URL`: an open file, and nothing else.

    The file's name stays unknown to FFmpeg, which would take ``concat:a``, ``http://a`` or
    ``%03d.png`` for more than names. Playlists and scripts are no containers that are read.
    """
    return {
        "fd": str(descriptor),
        "protocol_whitelist": URL.removesuffix(":"),
        "format_whitelist": WHITELIST,
    }
