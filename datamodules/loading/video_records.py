"""The videos of one split in arrays, which loader workers share without copying them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.dtypes import StringDType
from numpy.typing import NDArray

from datamodules.decoding.video import Video
from datamodules.decoding.video_facts import VideoFacts


@dataclass(frozen=True)
class VideoRecords:
    """The n videos of one split, one array per column.

    Attributes:
        paths: Files or folders, (n,) strings.
        labels: Classes from 0, -1 where unknown, (n,).
        frames: Numbers of frames that can be read, (n,).
        seek_indexes: The videos' packed seek indexes, one after another, uint8.
        seek_index_ends: The end of each one in ``seek_indexes``, (n,).
        backwards: Whether each video is shown backwards, (n,).
    """

    paths: NDArray[Any]  # numpy's variable-width strings have no static type
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
        seek_indexes = [fact.seek_index for fact in facts]
        return cls(
            paths=np.array(paths, dtype=StringDType()),
            labels=np.array(labels, dtype=np.int64),
            frames=np.array([fact.frames for fact in facts], dtype=np.int64),
            seek_indexes=np.frombuffer(b"".join(seek_indexes), dtype=np.uint8),
            seek_index_ends=np.cumsum([len(packed) for packed in seek_indexes], dtype=np.int64),
            backwards=np.array(
                [False] * len(paths) if backwards is None else backwards, dtype=bool
            ),
        )

    def __len__(self) -> int:
        """Count the videos."""
        return len(self.labels)

    def video(self, index: int) -> Video:
        """Return one video, ready to be read."""
        start = int(self.seek_index_ends[index - 1]) if index else 0
        seek_index = self.seek_indexes[start : int(self.seek_index_ends[index])].tobytes()
        return Video(Path(self.paths[index]), int(self.frames[index]), seek_index)

    def name(self, index: int) -> str:
        """Name one video by its path; one that is shown backwards has a name of its own."""
        return f"{self.paths[index]}{' (backwards)' if self.backwards[index] else ''}"

    def unlabelled(self) -> list[str]:
        """List the videos without a label."""
        return [str(path) for path in self.paths[self.labels < 0]]

    def summary(self, num_classes: int, min_frames: int) -> list[str]:
        """Describe in short phrases how many classes occur and how many videos are short.

        Args:
            num_classes: Classes of the data set.
            min_frames: In clips of videos with fewer frames, some frames are repeated.
        """
        directions = "each file forwards and backwards"
        present = len(set(self.labels.tolist()) - {-1})
        short = int((self.frames < min_frames).sum())
        return [
            *([directions] if self.backwards.any() else []),
            *([f"{present} of {num_classes} classes"] if present else []),
            *([f"{short:,} under {min_frames} frames, which repeat some"] if short else []),
        ]
