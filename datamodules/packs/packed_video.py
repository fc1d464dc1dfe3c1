"""Where a video lies in a pack: the shard, and the bytes of its file or of its images."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

MEMBER: Final = np.dtype([("offset", "<i8"), ("size", "<i8"), ("crc32", "<u4")])
"""A member of a tar file: where its content starts, its length in bytes, and its checksum."""


@dataclass(frozen=True)
class Shard:
    """A tar file of a pack.

    Attributes:
        path: The file.
        size: Its length in bytes when it was written.
        sha256: Its checksum then.
    """

    path: Path
    size: int
    sha256: str

    def size_and_time(self) -> tuple[int, int]:
        """Return its present length and time of modification; both are 0 if it cannot be found.

        The time of the last change (ctime) is left out: copies that keep the modification time
        (``rsync -a``, ``cp -p``) need no new scan of their videos.
        """
        try:
            status = os.stat(self.path)
        except OSError:
            return 0, 0
        return status.st_size, status.st_mtime_ns


@dataclass(frozen=True)
class PackedVideo:
    """A video in a pack.

    Attributes:
        path: The pack's folder and the video's name; no such file exists.
        shard: The tar file that holds all of it.
        series: The names of a folder's images, as `ImageSeries.to_bytes` gives them; empty for a
            file.
        members: Its file, or its images in order, each a `MEMBER`.
    """

    path: Path
    shard: Shard
    series: bytes
    members: NDArray[np.void]

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of images."""
        return bool(self.series)

    @property
    def size(self) -> int:
        """Return its length in bytes, without headers."""
        return int(self.members["size"].sum())

    def numbers(self) -> tuple[int, int, int]:
        """Return numbers of 63 bits that change with its bytes, as far as known unread.

        They are the size and time of the shard, and one for the place in the written shard.
        """
        written = int(self.shard.sha256[:15], 16)
        return *self.shard.size_and_time(), written ^ int(self.members["offset"][0])

    def state(self) -> str:
        """Describe the state of its bytes by these numbers."""
        return " ".join(map(str, self.numbers()))
