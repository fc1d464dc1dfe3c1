"""The videos of one split in arrays, which loader workers and processes share without copies."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from datamodules.decoding.fact_table import FactTable, PackedBytes
from datamodules.decoding.lazy_sequence import LazySequence
from datamodules.decoding.video import Video
from datamodules.decoding.video_facts import UNPROVEN, VideoFacts


@dataclass(frozen=True)
class VideoRecords:
    """The n videos of one split, one array per column.

    Attributes:
        path_bytes: The files' or folders' paths, one after another, UTF-8.
        path_ends: The end of each one in ``path_bytes``, (n,).
        labels: Classes from 0, -1 where unknown, (n,).
        frames: Numbers of frames that can be read, (n,).
        seek_indexes: The videos' packed seek indexes, one after another, uint8.
        seek_index_ends: The end of each one in ``seek_indexes``, (n,).
        backwards: Whether each video is shown backwards, (n,).
    """

    path_bytes: NDArray[np.uint8]
    path_ends: NDArray[np.int64]
    labels: NDArray[np.int64]
    frames: NDArray[np.int64]
    seek_indexes: NDArray[np.uint8]
    seek_index_ends: NDArray[np.int64]
    backwards: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        paths: Sequence[str],
        labels: Sequence[int],
        facts: Sequence[VideoFacts],
        backwards: Sequence[bool] | None = None,
    ) -> Self:
        """Make the records of some videos; None shows all of them forwards."""
        table = FactTable.of(facts)
        return cls(
            *PackedBytes(path.encode() for path in paths).as_arrays(),
            np.array(labels, dtype=np.int64),
            table.frames,
            *table.seek_indexes.as_arrays(),
            np.zeros(len(paths), bool) if backwards is None else np.array(backwards, bool),
        )

    def __len__(self) -> int:
        """Count the videos."""
        return len(self.labels)

    @property
    def paths(self) -> Sequence[str]:
        """The files or folders; a path is made when it is asked for."""
        return _Paths(self)

    def video(self, index: int) -> Video:
        """Return one video, ready to be read."""
        seek_index = _item(self.seek_indexes, self.seek_index_ends, index)
        return Video(Path(self.paths[index]), int(self.frames[index]), seek_index)

    def name(self, index: int) -> str:
        """Name one video by its path; one that is shown backwards has a name of its own."""
        return f"{self.paths[index]}{' (backwards)' if self.backwards[index] else ''}"

    def unlabelled(self) -> list[str]:
        """List the videos without a label."""
        return [self.paths[index] for index in np.flatnonzero(self.labels < 0).tolist()]

    def count(self, files: Collection[str]) -> int:
        """Count the videos that are among some files, given by absolute paths."""
        return sum(os.path.abspath(path) in files for path in self.paths) if files else 0

    def unproven(self) -> int:
        """Count the videos that have not been decoded yet."""
        ends = self.seek_index_ends[np.diff(self.seek_index_ends, prepend=0) == len(UNPROVEN)]
        places = ends[:, None] + np.arange(-len(UNPROVEN), 0)
        return int((self.seek_indexes[places] == np.frombuffer(UNPROVEN, np.uint8)).all(1).sum())

    def summary(self, num_classes: int, min_frames: int) -> list[str]:
        """Describe in short phrases classes, and videos that are short or not decoded yet.

        Args:
            num_classes: Classes of the data set.
            min_frames: In clips of videos with fewer frames, some frames are repeated.
        """
        directions = "each file forwards and backwards"
        present = len(set(self.labels.tolist()) - {-1})
        short = int((self.frames < min_frames).sum())
        unproven = self.unproven()
        return [
            *([directions] if self.backwards.any() else []),
            *([f"{present} of {num_classes} classes"] if present else []),
            *([f"{short:,} under {min_frames} frames, which repeat some"] if short else []),
            *([f"{unproven:,} to be decoded when they are first read"] if unproven else []),
        ]


class _Paths(LazySequence[str]):
    """The paths of records."""

    def __init__(self, records: VideoRecords) -> None:
        self._bytes = records.path_bytes
        self._ends = records.path_ends

    def __len__(self) -> int:
        return len(self._ends)

    def make(self, place: int) -> str:
        return _item(self._bytes, self._ends, place).decode()


def _item(joined: NDArray[np.uint8], ends: NDArray[np.int64], index: int) -> bytes:
    start = int(ends[index - 1]) if index else 0
    return joined[start : int(ends[index])].tobytes()
