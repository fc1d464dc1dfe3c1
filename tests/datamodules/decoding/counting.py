"""Clips of several lengths, and how many frames an index finds in them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from datamodules.decoding.video_index import VideoIndex

WriteClip = Callable[..., Path]


def frames_of(index: VideoIndex, paths: Sequence[str]) -> list[int]:
    """Ask an index for the frames of each video."""
    return [facts.frames for facts in index.facts(paths)]


def write_clips(write_clip: WriteClip, *lengths: int) -> list[str]:
    """Write a clip of each length."""
    return [str(write_clip(f"{length}.mkv", length)) for length in lengths]
