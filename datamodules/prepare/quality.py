"""Measures how much a few copies differ from their sources."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datamodules.decoding.video import Video
from datamodules.decoding.video_facts import VideoFacts
from datamodules.prepare.frames import resized_frames
from datamodules.prepare.transcode_settings import TranscodeSettings
from datamodules.prepare.tree import Copy

SAMPLED_VIDEOS = 8
SAMPLED_FRAMES = 4
WHITE = 255.0
IDENTICAL = 100.0
"""PSNR of equal images, dB, instead of infinity."""


def measure_psnr(
    copies: Sequence[Copy], facts: Sequence[VideoFacts], settings: TranscodeSettings
) -> dict[str, float]:
    """Compare a few frames of a few copies, as RGB, with the source's frames, resized alike.

    Args:
        copies: Finished copies.
        facts: Facts of their sources.
        settings: The settings that they were written with.

    Returns:
        The mean and the minimum PSNR, dB, and how many frames of how many videos were compared.
    """
    chosen = np.unique(np.linspace(0, len(copies) - 1, SAMPLED_VIDEOS, dtype=int)).tolist()
    values = [
        value
        for index in (chosen if copies else [])
        for value in _psnr_of(copies[index], facts[index], settings)
    ]
    if not values:
        return {}
    mean_db, least_db = round(mean(values), 2), round(min(values), 2)
    return {
        "mean_db": mean_db,
        "least_db": least_db,
        "videos": len(chosen),
        "frames": len(values),
    }


def _psnr_of(copy: Copy, facts: VideoFacts, settings: TranscodeSettings) -> list[float]:
    wanted = np.unique(np.linspace(0, facts.frames - 1, SAMPLED_FRAMES, dtype=int)).tolist()
    copied = _read(copy.target, facts.frames, wanted)
    frames = enumerate(resized_frames(copy.source, facts, settings))
    expected: list[Any] = [
        frame.to_ndarray(format="rgb24") for index, frame in frames if index in wanted
    ]
    return [_psnr(ours, theirs) for ours, theirs in zip(copied, expected, strict=True)]


def _read(path: Path, frames: int, indices: list[int]) -> list[NDArray[np.uint8]]:
    return list(Video(path, frames).read(indices).permute(0, 2, 3, 1).numpy())


def _psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return min(IDENTICAL, 10 * float(np.log10(WHITE**2 / error))) if error else IDENTICAL
