"""Opens a video file, alone or in a pack, for FFmpeg, which then can open nothing else."""

import errno
import os
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from datamodules.decoding.containers.demuxers import WHITELIST
from datamodules.decoding.containers.file_bytes import FileBytes
from datamodules.errors import VideoAccessError, VideoDecodeError
from datamodules.packs.find import find_open, find_packed
from datamodules.packs.pack_index import COPY_AGAIN
from datamodules.packs.packed_video import PackedVideo

TRANSIENT: Final = {
    *(errno.EIO, errno.ESTALE, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN),
    *(errno.EINTR, errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ECONNRESET, errno.ETIMEDOUT),
    *(errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH),
}
"""Causes of a failed read that lie outside the file: the machine, the disk, the network."""

URL = "fd:"
READ_AHEAD = 1 << 23
"""Bytes; of a longer video, eight frames need a part only."""


@contextmanager
def open_file(path: Path) -> Iterator[FileBytes]:
    """Open a regular file, or a file in a pack.

    Raises:
        VideoAccessError: If it cannot be opened.
        VideoDecodeError: If it is no regular file.
    """
    packed = find_open(path)
    if packed is None:
        try:
            opened = _open_regular(path)
        except VideoAccessError:
            packed = find_packed(path)
            if packed is None:
                raise
    if packed and packed.is_folder:
        raise VideoDecodeError(f"{path}: is no regular file; take it out of the list")
    with open_members(packed, [0]) if packed else _closing(opened) as files:
        yield files[0]


@contextmanager
def open_members(video: PackedVideo, indices: Sequence[int]) -> Iterator[Sequence[FileBytes]]:
    """Open the file of a video in a pack, or some of its images.

    Args:
        video: The video.
        indices: From 0, of members that exist.

    Raises:
        VideoAccessError: If their shard cannot be opened, or has another length.
    """
    shard = video.shard
    try:
        opened = _open_regular(shard.path)
    except VideoAccessError as error:
        raise VideoAccessError(f"{video.path}: its part of the pack is lost: {error}") from None
    with _closing(opened) as (whole,):
        if whole.size != shard.size:
            raise VideoAccessError(
                f"{video.path}: its part of the pack, {shard.path}, has {whole.size:,} of "
                f"{shard.size:,} bytes; {COPY_AGAIN}"
            )
        members = video.members[indices].tolist()
        for start, size, _ in members:
            _read_ahead(whole.descriptor, start, size)
        yield [FileBytes(whole.descriptor, *member) for member in members]


def _read_ahead(descriptor: int, start: int, size: int) -> None:
    """Ask the system to read a part of a file at once: what it guesses suits files of one video."""
    if hasattr(os, "posix_fadvise"):  # not on macOS
        with suppress(OSError):
            os.posix_fadvise(descriptor, start, min(size, READ_AHEAD), os.POSIX_FADV_WILLNEED)


def read_content(path: Path, file: FileBytes) -> bytes:
    """Return all bytes of a file.

    Raises:
        VideoDecodeError: If they differ from the checksum in the index of their pack.
    """
    content = file.read(0, file.size)
    if file.crc32 is not None and zlib.crc32(content) != file.crc32:
        raise _altered(path)
    return content


def refuse_altered(path: Path, file: FileBytes) -> None:
    """Compare the bytes of a file in a pack with their checksum; they need not fit into memory.

    Raises:
        VideoDecodeError: If they differ.
    """
    if file.crc32 is None:
        return
    checksum = 0
    for chunk in file.chunks():
        checksum = zlib.crc32(chunk, checksum)
    if checksum != file.crc32:
        raise _altered(path)


def _altered(path: Path) -> VideoDecodeError:
    return VideoDecodeError(f"{path}: has been altered since it was packed; {COPY_AGAIN}")


@contextmanager
def _closing(descriptor: int) -> Iterator[Sequence[FileBytes]]:
    try:
        yield [FileBytes(descriptor)]
    finally:
        os.close(descriptor)


def _open_regular(path: Path) -> int:
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise VideoAccessError(f"{path}: no such file; check the list and its root") from None
    except OSError as error:
        raise cannot_be_opened(path, error) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise VideoDecodeError(f"{path}: is no regular file; take it out of the list")
    return descriptor


def cannot_be_opened(path: Path, error: OSError) -> VideoAccessError:
    """Describe a failure of the operating system to open or read a file."""
    reason = error.strerror or str(error)
    return VideoAccessError(
        f"{path}: cannot be opened ({reason}); check its permissions, the disk and the machine"
    )


def ffmpeg_url(file: FileBytes) -> str:
    """Return the address under which FFmpeg finds an open file, or a part of one."""
    if not file.is_part:
        return URL
    end = file.start + max(1, file.size)  # a part without any byte is refused without a cause
    return f"subfile,,start,{file.start},end,{end},,:{URL}"


def ffmpeg_options(file: FileBytes) -> dict[str, str]:
    """Return the options with which FFmpeg opens `ffmpeg_url`: an open file, and nothing else.

    The file's name stays unknown to FFmpeg, which would take ``concat:a``, ``http://a`` or
    ``%03d.png`` for more than names. Playlists and scripts are no containers that are read.
    """
    return {
        "fd": str(file.descriptor),
        "protocol_whitelist": "fd,subfile" if file.is_part else "fd",
        "format_whitelist": WHITELIST,
    }
