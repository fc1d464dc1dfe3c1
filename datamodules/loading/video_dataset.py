"""The data set that loaders read: returns one sample per record."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from datamodules.clips.transforms import backwards
from datamodules.clips.views import ViewMaker
from datamodules.decoding.video import Video, scan
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import VideoAccessError, VideoDecodeError
from datamodules.loading.in_progress import InProgress
from datamodules.loading.sample import Sample, SampleKey
from datamodules.loading.video_records import VideoRecords


class UnreadableVideoError(VideoDecodeError):
    """A video does not decode, as the first attempt to decode all of it has shown."""


class VideoDataset(Dataset[Sample]):
    """Samples by (record, epoch); a sample depends only on the seed, the epoch and the record.

    A record whose video has not been decoded yet is proven first: which frames a clip has depends
    on proven facts alone, and never on a look at packets.

    Args:
        records: The videos.
        make_views: Reads a video as a training clip or as test views.
        seed: Seed of the random clips.
        mirrored_labels: The label of each class after a horizontal flip, (K,); None if a flip
            changes no label.
        prove: Decodes a video and returns its facts, or those that are known from an earlier time.
    """

    def __init__(
        self,
        records: VideoRecords,
        make_views: ViewMaker,
        seed: int = 0,
        mirrored_labels: Sequence[int] | None = None,
        prove: Callable[[Path], VideoFacts] = scan,
    ) -> None:
        self.records = records
        self.make_views = make_views
        self.seed = seed
        classes = range(int(records.labels.max(initial=-1)) + 1)
        self.mirrored_labels = np.array(classes if mirrored_labels is None else mirrored_labels)
        self.prove = prove
        self._in_progress = InProgress()

    def __len__(self) -> int:
        """Count the videos."""
        return len(self.records)

    def __getitem__(self, key: SampleKey) -> Sample:
        """Read one sample.

        Raises:
            UnreadableVideoError: If the video is decoded for the first time, and cannot be used.
            VideoDecodeError: If the video does not give its frames; it is never replaced.
        """
        index, epoch = key if isinstance(key, tuple) else (key, 0)  # Lightning's overfit_batches
        self._in_progress.start(index)
        video = self._proven(self.records.video(index))
        views = self.make_views(video, np.random.default_rng([self.seed, epoch, index]))
        self._in_progress.end()
        clips = backwards(views.clips) if self.records.backwards[index] else views.clips
        label = int(self.records.labels[index])
        if views.mirrored and label >= 0:
            label = int(self.mirrored_labels[label])
        return Sample(clips=clips, label=label, index=index, path=self.records.name(index))

    def _proven(self, video: Video) -> Video:
        if video.is_proven:
            return video
        try:
            facts = self.prove(video.path)
        except VideoAccessError:  # its cause may pass
            raise
        except VideoDecodeError as error:
            self._in_progress.end()
            raise UnreadableVideoError(str(error)) from None
        return Video(video.path, facts.frames, facts.seek_index)

    def files_in_progress(self) -> list[str]:
        """List the videos that this process or any loader worker is reading."""
        return [str(self.records.paths[index]) for index in self._in_progress.records()]
