"""Reads a video as the network's input: one random clip, or a protocol's views."""

from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from datamodules.clips.frame_sampling import ClipSampler, Indices
from datamodules.clips.protocols import TestProtocol
from datamodules.clips.transforms import (
    MultiScaleCrop,
    backwards,
    crops_along_longer_side,
    mirror,
    resize,
    resize_short_side,
)
from datamodules.decoding.video import FrameSource, Video
from datamodules.errors import DataError


class Views(NamedTuple):
    """The clips read from one video.

    Attributes:
        clips: uint8 0-255, a training clip (T, 3, S, S) or test views (V, T, 3, S, S).
        mirrored: Whether they are flipped horizontally.
    """

    clips: Tensor
    mirrored: bool = False


class ViewMaker(Protocol):
    """Reads a video as a training clip or as test views."""

    def __call__(self, video: Video, rng: Generator) -> Views:
        """Read the views."""


class RandomClip:
    """A training clip: random frames, one random crop and flip for all of them.

    Args:
        sampler: Draws the frames.
        crop: Draws the crop.
        flip_probability: Probability of a horizontal flip.
        reversal_probability: Probability that the clip is shown backwards.
    """

    def __init__(
        self,
        sampler: ClipSampler,
        crop: MultiScaleCrop,
        flip_probability: float,
        reversal_probability: float = 0.0,
    ) -> None:
        self.sampler = sampler
        self.crop = crop
        self.flip_probability = flip_probability
        self.reversal_probability = reversal_probability

    def __call__(self, video: FrameSource, rng: Generator) -> Views:
        """Read (T, 3, S, S)."""
        clip = self.crop(video.read(self.sampler.random_clip(video.frames, rng)), rng)
        mirrored = rng.random() < self.flip_probability
        clip = mirror(clip) if mirrored else clip
        clip = backwards(clip) if rng.random() < self.reversal_probability else clip
        return Views(clip.contiguous(), mirrored)


class ProtocolViews:
    """The views of a test protocol, all crops of a clip together; each frame is decoded once.

    Args:
        sampler: Chooses the clips' frames.
        protocol: The clips and crops.
        short_side: Short side after the first resize, pixels.
        crop_size: S, pixels.

    Raises:
        DataError: If crops would be larger than the resized frame.
    """

    def __init__(
        self, sampler: ClipSampler, protocol: TestProtocol, short_side: int, crop_size: int
    ) -> None:
        if crop_size > short_side:
            raise DataError(
                f"crop_size={crop_size} exceeds short_side={short_side}; the papers use 224 of 256"
            )
        self.sampler = sampler
        self.protocol = protocol
        self.short_side = short_side
        self.crop_size = crop_size

    def __call__(self, video: FrameSource, rng: Generator) -> Views:
        """Read (V, T, 3, S, S)."""
        clips = self.frame_indices(video.frames, rng)  # (clips, T)
        frames = video.read(clips.ravel())  # (clips*T, 3, H, W)
        frames = resize_short_side(frames, self.short_side)
        side = self.short_side if self.protocol.full else self.crop_size
        crops = [
            resize(crop, self.crop_size, self.crop_size).unflatten(0, clips.shape)
            for crop in crops_along_longer_side(frames, self.protocol.crops, side)
        ]
        return Views(torch.stack(crops, dim=1).flatten(0, 1))

    def frame_indices(self, num_frames: int, rng: Generator) -> Indices:
        """Choose the frames of a video's clips, (clips, T)."""
        if self.protocol.random:
            drawn = [self.sampler.random_clip(num_frames, rng) for _ in range(self.protocol.clips)]
            return np.stack(drawn)
        return self.sampler.spread_clips(num_frames, self.protocol.clips)
