"""Crops, resizes and flips of whole clips, the same for every frame of a clip.

Frames are uint8 0-255, (T, 3, H, W); sizes are in pixels. Scaling to 0-1 and normalisation run on
the device, not here.
"""

from collections.abc import Sequence
from itertools import product

import torch
from numpy.random import Generator
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from datamodules.errors import DataError

JITTER_SCALES = (1.0, 0.875, 0.75, 0.66)
"""Sides of training crops as fractions of the short side: TSN's. TSI names corner cropping and
scale jittering, TEINet "center cropping and scale-jittering" without sizes."""

MAX_SCALE_STEPS = 1
"""The scales of height and width are at most this many places apart in the list of scales."""

FIXED_POSITIONS = (
    *((0, 0), (0, 4), (4, 0), (4, 4), (2, 2)),  # corners, centre
    *((0, 2), (2, 0), (2, 4), (4, 2)),  # edge midpoints
    *((1, 1), (1, 3), (3, 1), (3, 3)),  # quarter points
)
"""(row, column) of a crop, in quarters of the space around it."""


def resize(frames: Tensor, height: int, width: int) -> Tensor:
    """Resize with antialiased bilinear interpolation, (..., H, W) -> (..., height, width)."""
    if frames.shape[-2:] == (height, width):
        return frames
    resized: Tensor = F.resize(frames, [height, width], antialias=True)
    return resized


def resize_short_side(frames: Tensor, short_side: int) -> Tensor:
    """Resize so that the shorter side has ``short_side`` pixels, keeping the aspect ratio."""
    height, width = frames.shape[-2:]
    shorter = min(height, width)
    return resize(frames, round(height * short_side / shorter), round(width * short_side / shorter))


class MultiScaleCrop:
    """TSN's corner cropping and scale jittering, then a resize to a square.

    The papers' 256-pixel short side and crops of 256 x {1, .875, .75, .66} are taken as fractions
    of the video's own short side: the same boxes with one resize instead of two.

    Args:
        size: Side of the result, pixels.
        scales: Sides of crops as fractions of the short side, each above 0 and at most 1.

    Raises:
        DataError: If there is no scale, or one is out of range.
    """

    def __init__(self, size: int, scales: Sequence[float] = JITTER_SCALES) -> None:
        if not scales or not all(0 < scale <= 1 for scale in scales):
            raise DataError(f"crop scales {list(scales)} must be above 0 and at most 1")
        self.size = size
        steps = range(len(scales))
        self.scales = [
            (scales[i], scales[j])
            for i, j in product(steps, steps)
            if abs(i - j) <= MAX_SCALE_STEPS
        ]

    def __call__(self, frames: Tensor, rng: Generator) -> Tensor:
        """Cut one random box out of all frames: (T, 3, H, W) -> (T, 3, size, size)."""
        height, width = frames.shape[-2:]
        shorter = min(height, width)
        scale_h, scale_w = self.scales[rng.integers(len(self.scales))]
        crop_h, crop_w = round(shorter * scale_h), round(shorter * scale_w)
        row, column = FIXED_POSITIONS[rng.integers(len(FIXED_POSITIONS))]
        top, left = row * (height - crop_h) // 4, column * (width - crop_w) // 4
        crop = frames[..., top : top + crop_h, left : left + crop_w]
        return resize(crop, self.size, self.size)


def mirror(frames: Tensor) -> Tensor:
    """Swap left and right in all frames of a clip."""
    return torch.flip(frames, (-1,))


def backwards(clips: Tensor) -> Tensor:
    """Reverse the order of the frames of clips, (..., T, 3, H, W)."""
    return torch.flip(clips, (-4,))


def crops_along_longer_side(frames: Tensor, num_crops: int, size: int) -> list[Tensor]:
    """Cut squares: the centre, or start, middle and end of the longer side.

    Args:
        frames: (..., H, W).
        num_crops: 1 or 3.
        size: Side of the squares, pixels; at most the shorter side.

    Returns:
        ``num_crops`` views, (..., size, size), centred across the shorter side.
    """
    height, width = frames.shape[-2:]
    room_h, room_w = height - size, width - size
    parts = (1,) if num_crops == 1 else (0, 1, 2)
    landscape = width >= height
    boxes = [
        (room_h // 2, part * room_w // 2) if landscape else (part * room_h // 2, room_w // 2)
        for part in parts
    ]
    return [frames[..., top : top + size, left : left + size] for top, left in boxes]
