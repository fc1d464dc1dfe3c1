"""Frames are folded into the batch inside a network: (B*T, C, H, W); this file unfolds them.

B videos, T frames (segments) of a clip, C channels, H W pixels.
"""

import torch
from torch import Tensor

from models.errors import ModelError


def unfold_time(x: Tensor, num_segments: int) -> Tensor:
    """Restore the time axis of a folded tensor.

    Args:
        x: Folded features, (B*T, ...).
        num_segments: T, the frames of one clip.

    Returns:
        The same values as (B, T, ...), without a copy.

    Raises:
        ModelError: If T does not divide the first dimension, that is, if a clip would be cut.
    """
    if x.shape[0] % num_segments:
        raise ModelError(
            f"{x.shape[0]} folded frames do not divide into clips of num_segments={num_segments}: "
            "fold complete clips, (B, T, C, H, W) -> (B*T, C, H, W), with the T of this module"
        )
    return x.unflatten(0, (-1, num_segments))


def require_successor(num_segments: int) -> int:
    """Return T if a clip of T frames has neighbouring frames to compare.

    Args:
        num_segments: T.

    Raises:
        ModelError: If T is below 2.
    """
    if num_segments < 2:
        raise ModelError(
            f"num_segments={num_segments}: motion is measured between neighbouring frames, "
            "so a clip needs at least 2"
        )
    return num_segments


def append_still_frame(motion: Tensor) -> Tensor:
    """Append zero motion for the last frame of each clip: (B, T-1, ...) -> (B, T, ...)."""
    return torch.cat([motion, torch.zeros_like(motion[:, :1])], dim=1)
