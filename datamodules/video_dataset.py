"""Annotation records in, one sample out."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from datamodules.views import ViewMaker


class SampleKey(NamedTuple):
    """What a sampler asks for: a record, in an epoch, which decides its random clip."""

    record: int
    epoch: int


class Sample(TypedDict):
    """One video as the network meets it.

    ``clips`` is uint8 0-255: a training clip (T, 3, S, S) or test views (V, T, 3, S, S). ``label``
    is -1 where there is none. ``index`` is the record's.
    """

    clips: Tensor
    label: int
    index: int
    path: str


@dataclass(frozen=True)
class VideoRecords:
    """The videos of one split, column by column.

    Attributes:
        paths: Files, (n,) strings.
        labels: Classes from 0, -1 where unknown, (n,).
        frames: Frames that decode, (n,).
    """

    paths: NDArray[np.str_]
    labels: NDArray[np.int64]
    frames: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the videos."""
        return len(self.labels)


class VideoDataset(Dataset[Sample]):
    """Samples by (record, epoch); a sample depends on the seed, the epoch and the index alone.

    Args:
        records: The videos.
        make_views: Reads one.
        seed: Of the random clips.
    """

    def __init__(self, records: VideoRecords, make_views: ViewMaker, seed: int = 0) -> None:
        self.records = records
        self.make_views = make_views
        self.seed = seed

    def __len__(self) -> int:
        """Count the videos."""
        return len(self.records)

    def __getitem__(self, key: SampleKey) -> Sample:
        """Read one sample.

        Raises:
            VideoDecodeError: If the video does not give its frames; it is never replaced.
        """
        index, epoch = key
        path = str(self.records.paths[index])
        rng = np.random.default_rng([self.seed, epoch, index])
        clips = self.make_views(Path(path), int(self.records.frames[index]), rng)
        return Sample(clips=clips, label=int(self.records.labels[index]), index=index, path=path)
