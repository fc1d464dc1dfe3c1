"""Where the frames of a clip come from: a video, a part of it, or frames that are decoded."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.decoding.video import FrameSource, Video, scan
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import DataError
from datamodules.user_path import absolute_path

Source = str | PathLike[str] | Tensor | FrameSource
"""A video file or folder of images, decoded frames (n, 3, H, W), or anything with frames."""


@dataclass(frozen=True)
class DecodedFrames:
    """Frames in memory.

    Attributes:
        pixels: uint8 0-255, (n, 3, H, W).
    """

    pixels: Tensor

    @property
    def frames(self) -> int:
        """The number of frames."""
        return len(self.pixels)

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Tensor:
        """Choose frames, uint8 0-255, (len(indices), 3, H, W)."""
        return self.pixels[torch.as_tensor(np.asarray(indices))]


@dataclass(frozen=True)
class Excerpt:
    """Consecutive frames of a source; indices count from the first of them.

    Attributes:
        source: What they are a part of.
        start: Index of the first frame in the source.
        frames: Number of frames.
    """

    source: FrameSource
    start: int
    frames: int

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Tensor:
        """Read frames by index, uint8 0-255, (len(indices), 3, H, W)."""
        return self.source.read(np.asarray(indices) + self.start)


def open_video(path: str | PathLike[str]) -> tuple[Video, VideoFacts]:
    """Scan a video, which decodes it once; then any of its frames can be read.

    Raises:
        DataError: If it cannot be read.
    """
    # A path that is there is taken as it stands; one that was typed may begin with ~.
    place = Path(path) if os.path.exists(path) else absolute_path(path, "video")
    facts = scan(place)
    return Video(place, facts.frames, facts.seek_index), facts


def open_source(source: Source) -> FrameSource:
    """Make a source readable.

    Raises:
        DataError: If a video cannot be read, or frames have another type or shape.
    """
    if isinstance(source, str | PathLike):
        return open_video(source)[0]
    if not isinstance(source, Tensor):
        return source
    is_frames = source.ndim == 4 and source.shape[1] == 3 and source.shape[0] > 0
    if source.dtype != torch.uint8 or not is_frames:
        raise DataError(
            f"decoded frames must be uint8 0-255 RGB of shape (frames, 3, height, width), not "
            f"{source.dtype} {tuple(source.shape)}"
        )
    return DecodedFrames(source)
