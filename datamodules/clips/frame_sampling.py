"""Chooses the frames of a clip: segment sampling (TSN) or dense sampling (Kinetics).

n: frames of the video. T: segments, which are the frames of a clip. k: a segment, 0..T-1. Frame
indices count from 0. All functions are pure functions of (n, T, rng).
"""

from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from datamodules.errors import DataError

Indices = NDArray[np.int64]
SamplingKind = Literal["segment", "dense"]

DENSE_WINDOW = 64
"""Consecutive frames from which a dense clip is drawn (TEINet, section 4.2)."""


class ClipSampler(Protocol):
    """Chooses the frames of clips.

    Attributes:
        min_frames: In clips of videos with fewer frames, some frames are repeated.
    """

    min_frames: int

    def random_clip(self, num_frames: int, rng: Generator) -> Indices:
        """Draw the frame indices of a training clip, (T,)."""

    def spread_clips(self, num_frames: int, num_clips: int) -> Indices:
        """Choose the frame indices of test clips, evenly spread over the video, (num_clips, T)."""


class SegmentSampler:
    """One frame from each of T equal segments (TSN; both papers).

    The segments cover all n frames, as the papers say. The public code of TSM, TEA and TANet trains
    on segments of floor(n / T) frames, which never reach the last n mod T frames.

    A video shorter than T gives the same clip in every epoch and test: frames
    floor((2k + 1) * n / (2T)), all of them in order, some more than once. TSM, TEA, TANet and
    MMAction2 test such videos with these frames; the first three train on T copies of frame 0.

    Args:
        num_segments: T.
    """

    def __init__(self, num_segments: int) -> None:
        self.num_segments = num_segments
        self.min_frames = num_segments

    def random_clip(self, num_frames: int, rng: Generator) -> Indices:
        """Draw one frame inside each segment [k*n/T, (k+1)*n/T)."""
        if num_frames < self.num_segments:
            return self.spread_clips(num_frames, num_clips=1)[0]
        edges = np.arange(self.num_segments + 1) * num_frames // self.num_segments
        return rng.integers(edges[:-1], edges[1:])

    def spread_clips(self, num_frames: int, num_clips: int) -> Indices:
        """Take the frames at the same position in every segment; for one clip, the middles.

        Clip c takes position (c + 1/2) / num_clips, so that num_clips * T frames are evenly spread
        over the video. The papers "uniformly sample 10 clips"; the public TEA code draws them at
        random. Here they are the same in every run.
        """
        if num_frames < self.num_segments and num_clips > 1:
            return np.tile(self.spread_clips(num_frames, num_clips=1), (num_clips, 1))
        # In integers: floor((k + (2c + 1) / (2 * clips)) * n / T).
        segment = np.arange(self.num_segments)
        part = 2 * np.arange(num_clips)[:, None] + 1
        numerator = (2 * num_clips * segment + part) * num_frames
        return numerator // (2 * num_clips * self.num_segments)


class DenseSampler:
    """Every (64/T)-th of 64 consecutive frames (TEINet on Kinetics-400; TSI has segments only).

    A video shorter than 64 frames starts at 0 and wraps around: index modulo n.

    Args:
        num_segments: T, which must divide 64.

    Raises:
        DataError: If T does not divide 64.
    """

    def __init__(self, num_segments: int) -> None:
        if DENSE_WINDOW % num_segments:
            raise DataError(
                f"num_segments={num_segments} does not divide the {DENSE_WINDOW} consecutive "
                "frames of dense sampling; choose 8, 16 or 32, or sampling=segment"
            )
        self.min_frames = DENSE_WINDOW
        self.offsets = np.arange(num_segments) * (DENSE_WINDOW // num_segments)

    def random_clip(self, num_frames: int, rng: Generator) -> Indices:
        """Draw the start of the 64 frames."""
        start = int(rng.integers(self._last_start(num_frames) + 1))
        return (start + self.offsets) % num_frames

    def spread_clips(self, num_frames: int, num_clips: int) -> Indices:
        """Spread the starts evenly from first to last; a single clip is centred."""
        last = self._last_start(num_frames)
        if num_clips == 1:
            starts = np.array([last // 2])
        else:
            starts = np.arange(num_clips) * last // (num_clips - 1)
        return (starts[:, None] + self.offsets) % num_frames

    @staticmethod
    def _last_start(num_frames: int) -> int:
        return max(num_frames - DENSE_WINDOW, 0)


def make_sampler(kind: SamplingKind, num_segments: int) -> ClipSampler:
    """Make a sampler by name.

    Raises:
        DataError: If the kind is unknown or T does not fit it.
    """
    samplers: dict[str, Callable[[int], ClipSampler]] = {
        "segment": SegmentSampler,
        "dense": DenseSampler,
    }
    if kind not in samplers:
        raise DataError(f"sampling={kind!r}: choose one of {', '.join(samplers)}")
    return samplers[kind](num_segments)
