"""The time of each stage from a file to a batch of clips, on one thread."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import thread_time

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import default_collate

from datamodules.decoding.video import Video
from datamodules.decoding.video_stream import open_video
from datamodules.loading.sample import Sample
from datamodules.loading.video_dataset import VideoDataset
from datamodules.packs.find import is_folder

STAGES = ("open", "decode", "transform", "collate")
DESCRIPTIONS = {
    "open": "file opened, streams found",
    "decode": "frames read, converted to RGB",
    "transform": "cropped, resized, mirrored",
    "collate": "joined into a batch",
}
WARM_UP = 2
CLIP_DIMENSIONS = 4


@dataclass
class StageTimes:
    """Sums of the CPU seconds of each stage.

    Attributes:
        seconds: Stage -> seconds.
        clips: The number of clips; a video with several test views has several.
    """

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    clips: int = 0

    def ms_per_clip(self, stage: str) -> float:
        """Return one stage's milliseconds per clip."""
        return 1000 * self.seconds[stage] / self.clips

    @property
    def total_ms(self) -> float:
        """Return all stages' milliseconds per clip."""
        return sum(self.ms_per_clip(stage) for stage in STAGES)


@dataclass(frozen=True)
class TimedVideo(Video):
    """A video that measures its own reading.

    Attributes:
        spent: CPU seconds of each reading.
    """

    spent: list[float] = field(default_factory=list)

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Tensor:
        """Read frames by index."""
        start = thread_time()
        frames = super().read(indices)
        self.spent.append(thread_time() - start)
        return frames


def time_stages(dataset: VideoDataset, batch_size: int) -> StageTimes:
    """Run all stages for every video, in this process.

    Args:
        dataset: The videos and their views.
        batch_size: Videos of one batch.

    Raises:
        VideoDecodeError: If a video cannot be decoded.
    """
    for index in range(min(WARM_UP, len(dataset))):
        _time_sample(dataset, index, StageTimes())
    times = StageTimes()
    for first in range(0, len(dataset), batch_size):
        places = range(first, min(first + batch_size, len(dataset)))
        samples = [_time_sample(dataset, index, times) for index in places]
        start = thread_time()
        default_collate(samples)
        times.seconds["collate"] += thread_time() - start
    return times


def _time_sample(dataset: VideoDataset, index: int, times: StageTimes) -> Sample:
    video = dataset.records.video(index)
    timed = TimedVideo(video.path, video.frames, video.seek_index)
    opening = _time_opening(video)
    start = thread_time()
    views = dataset.make_views(timed, np.random.default_rng([dataset.seed, 0, index]))
    whole = thread_time() - start
    reading = sum(timed.spent)
    times.seconds["open"] += opening
    times.seconds["decode"] += max(0.0, reading - opening)
    times.seconds["transform"] += whole - reading
    times.clips += clips_of(views.clips)
    label = int(dataset.records.labels[index])
    return Sample(clips=views.clips, label=label, index=index, path=str(video.path))


def clips_of(clips: Tensor) -> int:
    """Count the clips of a sample, (T, 3, S, S) or (V, T, 3, S, S)."""
    return 1 if clips.ndim == CLIP_DIMENSIONS else len(clips)


def _time_opening(video: Video) -> float:
    """Time the opening of a video, the first step of `Video.read`; folders are not opened."""
    if is_folder(video.path):
        return 0.0
    start = thread_time()
    with open_video(video.path):
        pass
    return thread_time() - start
