"""Saliency alignment as in figure 3 of TSI: where two points of a frame look in the next one."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional as F

from lightning_modules.tensorboard.pictures.canvas import (
    FAINT,
    Picture,
    beside,
    cell,
    colour,
    enlarge,
    frame_picture,
    stack,
    text_line,
)

TILE = 168
LOOKED_AT = 3
"""Figure 3 shows the three points with the largest attention."""
SMALLEST_MARK = 5
MOVING, STILL = "#ff3030", "#30d0ff"
COLUMNS = ("frame t, two points", "frame t+1: what they see", "saliency S", "attention received")
LEGEND = (
    "Red: where the two frames differ most, blue: least. Frame t+1: the three positions that each "
    "attends to most.",
    "S: mean over channels. Maps: dark is the least, yellow the most of each map.",
)


class AlignmentView(NamedTuple):
    """What one alignment made of a pair of frames; positions are H*W of its feature map.

    Attributes:
        name: The block's.
        attention: Of each position of frame t (rows) to those of frame t+1, (H*W, H*W).
        saliency: S of equation 1, averaged over the channels, (H, W).
    """

    name: str
    attention: Tensor
    saliency: Tensor


def draw_alignments(frame: Tensor, following: Tensor, views: Sequence[AlignmentView]) -> Picture:
    """Draw one row of tiles per view.

    Args:
        frame: Frame t, uint8 0-255, (3, H', W').
        following: Frame t+1, likewise.
        views: What the blocks made of the two.
    """
    tiles = [frame_picture(picture, TILE) for picture in (frame, following)]
    heads = [cell(text_line(title), tiles[0].width) for title in COLUMNS]
    rows = [*(text_line(line, FAINT) for line in LEGEND), beside(heads)]
    for view in views:
        height, width = view.saliency.shape
        low, high = float(view.saliency.min()), float(view.saliency.max())
        title = f"{view.name}   {height}x{width} positions   S from {low:.3g} to {high:.3g}"
        rows += [text_line(title), beside(_tiles(frame, following, tiles, view))]
    return stack(rows, gap=4, margin=8)


def _tiles(
    frame: Tensor, following: Tensor, tiles: Sequence[Picture], view: AlignmentView
) -> list[Picture]:
    height, width = grid = view.saliency.shape
    difference = (frame.float() - following.float()).abs().mean(0, keepdim=True)
    change = F.adaptive_avg_pool2d(difference, (height, width)).flatten()
    asking, answering = tiles[0].copy(), tiles[1].copy()
    for position, ink in ((int(change.argmax()), MOVING), (int(change.argmin()), STILL)):
        _mark(asking, position, grid, ink, 1.0)
        attention = view.attention[position]
        strongest = attention.topk(min(LOOKED_AT, attention.numel()))
        for weight, target in zip(*strongest, strict=True):
            _mark(answering, int(target), grid, ink, float(weight / strongest.values[0]))
    received = view.attention.mean(0).unflatten(0, grid)
    maps = [_overlay(tiles[0], view.saliency), _overlay(tiles[1], received)]
    return [asking, answering, *maps]


def _mark(tile: Picture, position: int, grid: torch.Size, ink: str, strength: float) -> None:
    """Frame a position; the thicker, the stronger (0-1)."""
    row, column = divmod(position, grid[1])
    high, wide = tile.height / grid[0], tile.width / grid[1]
    x, y = (column + 0.5) * wide, (row + 0.5) * high
    half_wide, half_high = max(wide / 2, SMALLEST_MARK), max(high / 2, SMALLEST_MARK)
    box = (x - half_wide, y - half_high, x + half_wide - 1, y + half_high - 1)
    ImageDraw.Draw(tile).rectangle(box, outline=ink, width=1 + round(2 * strength))


def _overlay(tile: Picture, values: Tensor) -> Picture:
    """Lay values (H, W), stretched to their own range, over a grey frame."""
    values = values.float().cpu()
    spread = (values.max() - values.min()).clamp(min=1e-12)
    heat = enlarge(colour((values - values.min()) / spread), tile.width, tile.height)
    return Image.blend(tile.convert("L").convert("RGB"), heat, 0.6)
