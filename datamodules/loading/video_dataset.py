"""The data set that loaders read: returns one sample per record."""

from collections.abc import Sequence

import numpy as np
from torch.utils.data import Dataset

from datamodules.clips.transforms import backwards
from datamodules.clips.views import ViewMaker
from datamodules.loading.in_progress import InProgress
from datamodules.loading.sample import Sample, SampleKey
from datamodules.loading.video_records import VideoRecords


class VideoDataset(Dataset[Sample]):
    """Samples by (record, epoch); a sample depends only on the seed, the epoch and the record.

    Args:
        records: The videos.
        make_views: Reads a video as a training clip or as test views.
        seed: Seed of the random clips.
        mirrored_labels: The label of each class after a horizontal flip, (K,); None if a flip
            changes no label.
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
        self._in_progress = InProgress()

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
        self._in_progress.start(index)
        views = self.make_views(video, np.random.default_rng([self.seed, epoch, index]))
        self._in_progress.end()
        clips = backwards(views.clips) if self.records.backwards[index] else views.clips
        label = int(self.records.labels[index])
        if views.mirrored and label >= 0:
            label = int(self.mirrored_labels[label])
        return Sample(clips=clips, label=label, index=index, path=self.records.name(index))

    def files_in_progress(self) -> list[str]:
        """List the videos that this process or any loader worker is reading."""
        return [str(self.records.paths[index]) for index in self._in_progress.records()]
