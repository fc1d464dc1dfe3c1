"""Writes one tar file of a pack, and checks it as other programs will read it."""

import os
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from datamodules.decoding.containers.file_bytes import FileBytes
from datamodules.decoding.frame_folder import find_series, open_images
from datamodules.decoding.open_file import cannot_be_opened, open_file
from datamodules.errors import DataError, VideoAccessError, VideoDecodeError
from datamodules.packs.find import find_packed, is_folder


class Source(NamedTuple):
    """A video to be packed, and its name in the pack."""

    path: Path
    name: str

    def state(self) -> str:
        """Describe the state of its file, or of its folder without the images.

        Raises:
            OSError: If it is not there.
        """
        if packed := find_packed(self.path):
            return packed.state()
        status = os.stat(self.path)
        return (
            f"{status.st_mtime_ns}"
            if is_folder(self.path)
            else (f"{status.st_size} {status.st_mtime_ns}")
        )


class Member(NamedTuple):
    """A file in a tar file: its name, where its content starts, its bytes and their checksum."""

    name: str
    offset: int
    size: int
    crc32: int


class PackedSource(NamedTuple):
    """A video that has been written.

    Attributes:
        source: The video.
        state: Its state before it was read.
        series: The names of its images, from `ImageSeries.to_bytes`; empty for a file.
        members: Its file, or its images in order.
    """

    source: Source
    state: str
    series: bytes
    members: list[Member]


@dataclass
class ShardWriter:
    """Writes videos into a tar file, one after the other.

    Args:
        stream: The file, empty.

    Attributes:
        packed: The videos that have been written.
        failures: The reason for each video that could not be read; nothing of it is left.
    """

    stream: BinaryIO
    packed: list[PackedSource] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, source: Source) -> None:
        """Write a video, or note why it cannot be read.

        Raises:
            OSError: If the tar file cannot be written.
        """
        start = self.stream.tell()
        try:
            self.packed.append(self._add(source))
        except VideoDecodeError as error:
            self.failures[str(source.path)] = str(error)
            self.stream.seek(start)
            self.stream.truncate()

    def finish(self) -> None:
        """Write the end of the tar file, and wait until it is on the disk."""
        self.stream.write(bytes(2 * tarfile.BLOCKSIZE))
        self.stream.write(bytes(-self.stream.tell() % tarfile.RECORDSIZE))
        self.stream.flush()
        os.fsync(self.stream.fileno())

    def _add(self, source: Source) -> PackedSource:
        with _named(source.path):
            state = source.state()
            modified = 0 if find_packed(source.path) else int(os.stat(source.path).st_mtime)
        if not is_folder(source.path):
            with open_file(source.path) as file:
                member = self._write(source.path, source.name, file, modified)
            return PackedSource(source, state, b"", [member])
        series = find_series(source.path)
        members = [
            self._write(image, f"{source.name}/{image.name}", file, modified)
            for image, file in open_images(source.path, series, range(series.count))
        ]
        return PackedSource(source, state, series.to_bytes(), members)

    def _write(self, path: Path, name: str, file: FileBytes, modified: int) -> Member:
        header = tarfile.TarInfo(name)
        header.size, header.mtime = file.size, modified
        self.stream.write(header.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict"))
        offset, checksum = self.stream.tell(), 0
        for chunk in _read(path, file):
            checksum = zlib.crc32(chunk, checksum)
            self.stream.write(chunk)
        size = self.stream.tell() - offset
        if size != file.size:
            raise VideoAccessError(f"{path}: has become shorter while it was read")
        if file.crc32 not in (None, checksum):
            raise VideoDecodeError(f"{path}: has been altered since it was packed")
        self.stream.write(bytes(-size % tarfile.BLOCKSIZE))
        return Member(name, offset, size, checksum)


def _read(path: Path, file: FileBytes) -> Iterator[bytes]:
    with _named(path):
        yield from file.chunks()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise cannot_be_opened(path, error) from None


def refuse_damaged_shard(file: Path, packed: Sequence[PackedSource]) -> None:
    """Read a tar file by its own headers; compare names, places and checksums with the sources'.

    Raises:
        DataError: If anything differs.
    """
    expected = [member for video in packed for member in video.members]
    with tarfile.open(file, "r:") as tar, file.open("rb") as stream:
        found = [
            Member(entry.name, entry.offset_data, entry.size, _checksum(stream.fileno(), entry))
            for entry in tar
        ]
    if found != expected:
        pairs = zip(found, expected, strict=False)
        name = next((member.name for other, member in pairs if other != member), "its end")
        raise DataError(f"{file}: {name} cannot be read back as it was written; check the disk")


def _checksum(descriptor: int, entry: tarfile.TarInfo) -> int:
    checksum = 0
    for chunk in FileBytes(descriptor, entry.offset_data, entry.size).chunks():
        checksum = zlib.crc32(chunk, checksum)
    return checksum
