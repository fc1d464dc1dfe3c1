"""Annotation records in, one sample out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.dtypes import StringDType
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from datamodules.clips.views import ViewMaker
from datamodules.decoding.video import Video
from datamodules.decoding.video_facts import VideoFacts
from datamodules.loading.watched_loader import InProgress


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
    """The videos of one split, column by column, in arrays: workers share them without copies.

    Attributes:
        paths: Files or folders, (n,) strings.
        labels: Classes from 0, -1 where unknown, (n,).
        frames: Frames that can be read, (n,).
        layouts: How to read single ones, joined, uint8.
        layout_ends: Where each one's ends in ``layouts``, (n,).
    """

    paths: NDArray[Any]  # numpy's variable-width strings have no static type
    labels: NDArray[np.int64]
    frames: NDArray[np.int64]
    layouts: NDArray[np.uint8]
    layout_ends: NDArray[np.int64]

    @classmethod
    def of(
        cls, paths: Sequence[str], labels: Sequence[int], facts: Sequence[VideoFacts]
    ) -> "VideoRecords":
        """Put videos into columns."""
        layouts = [fact.seek_index for fact in facts]
        return cls(
            paths=np.array(paths, dtype=StringDType()),
            labels=np.array(labels, dtype=np.int64),
            frames=np.array([fact.frames for fact in facts], dtype=np.int64),
            layouts=np.frombuffer(b"".join(layouts), dtype=np.uint8),
            layout_ends=np.cumsum([len(layout) for layout in layouts], dtype=np.int64),
        )

    def __len__(self) -> int:
        """Count the videos."""
        return len(self.labels)

    def video(self, index: int) -> Video:
        """Give one video, ready to be read."""
        start = int(self.layout_ends[index - 1]) if index else 0
        layout = self.layouts[start : int(self.layout_ends[index])].tobytes()
        return Video(Path(self.paths[index]), int(self.frames[index]), layout)


class VideoDataset(Dataset[Sample]):
    """Samples by (record, epoch); a sample depends on the seed, the epoch and the index alone.

    Args:
        records: The videos.
        make_views: Reads one.
        seed: Of the random clips.
        mirrored_labels: The class that each class shows in the mirror, (K,); None where mirrored
            videos keep theirs.

    Attributes:
        in_progress: What each worker reads; a worker that hangs or dies cannot tell any more.
    """

    def __init__(
        self,
        records: VideoRecords,
        make_views: ViewMaker,
        seed: int = 0,
        mirrored_labels: Sequence[int] | None = None,
    ) -> None:
        self.records = records
        self.make_views = make_views
        self.seed = seed
        classes = range(int(records.labels.max(initial=-1)) + 1)
        self.mirrored_labels = np.array(classes if mirrored_labels is None else mirrored_labels)
        self.in_progress = InProgress()

    def __len__(self) -> int:
        """Count the videos."""
        return len(self.records)

    def __getitem__(self, key: SampleKey) -> Sample:
        """Read one sample.

        Raises:
            VideoDecodeError: If the video does not give its frames; it is never replaced.
        """
        index, epoch = key if isinstance(key, tuple) else (key, 0)  # Lightning's overfit_batches
        video = self.records.video(index)
        self.in_progress.begin(index)
        views = self.make_views(video, np.random.default_rng([self.seed, epoch, index]))
        self.in_progress.end()
        label = int(self.records.labels[index])
        if views.mirrored and label >= 0:
            label = int(self.mirrored_labels[label])
        return Sample(clips=views.clips, label=label, index=index, path=str(video.path))
