"""Maps over the frames of a clip: a row of frames, and below it a row for each kind of map."""

from collections.abc import Mapping

import torch
from matplotlib import colormaps
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2.functional import rgb_to_grayscale

from lightning_modules.tensorboard.pictures.clip_strips import fit_strip
from lightning_modules.tensorboard.pictures.figures import (
    GREY,
    LINE,
    MARGIN,
    new_figure,
    shorten,
)

HEAT = "inferno"
GAP = 4
COLUMNS = 8
"""Frames in one row; longer clips get several."""
LONGEST_TITLE = 900


def draw_clip_maps(frames: Tensor, maps: Mapping[str, Tensor], title: str) -> Figure:
    """Draw the frames, and each kind of map over the grey frames.

    Args:
        frames: uint8 0-255, (T, 3, H, W).
        maps: Values of any scale by the name of their kind, each (T, h, w); NaN where a frame has
            none. Each kind has its own scale, from zero or the lowest value to the highest.
        title: The first line.
    """
    small = torch.cat([fit_strip(part) for part in _rows(frames)])
    kinds = {"frames": small, **{name: heat(small, values) for name, values in maps.items()}}
    pictures = [
        (name, number, row)
        for name, kind in kinds.items()
        for number, row in enumerate(_rows(kind))
    ]
    _, _, high, wide = small.shape
    columns = min(COLUMNS, len(frames))
    width = max(columns * (wide + GAP), 480) + 2 * MARGIN
    heads = LINE * len(kinds)
    height = 2 * LINE + heads + len(pictures) * (high + GAP) + 2 * MARGIN
    figure = new_figure(width, height)
    top = MARGIN + LINE
    figure.text(
        MARGIN,
        height - top + 3,
        shorten(title, min(width, LONGEST_TITLE)),
        transform=None,
        parse_math=False,
    )
    for name, number, row in pictures:
        if number == 0:
            top += LINE
            figure.text(
                MARGIN, height - top + 3, name, transform=None, parse_math=False, color=GREY
            )
        for place, picture in enumerate(row):
            left = MARGIN + place * (wide + GAP)
            figure.figimage(
                picture.permute(1, 2, 0).numpy(), left, height - top - high, origin="upper"
            )
        top += high + GAP
    return figure


def heat(frames: Tensor, maps: Tensor) -> Tensor:
    """Lay maps over grey frames, bright and opaque where they are high.

    Args:
        frames: uint8 0-255, (T, 3, H, W).
        maps: Values of any scale, (T, h, w); NaN where a frame has none.

    Returns:
        uint8 0-255, (T, 3, H, W).
    """
    known = maps[~maps.isnan()]
    low = min(0.0, float(known.min())) if len(known) else 0.0
    high = float(known.max()) if len(known) else 1.0
    shares = ((maps.nan_to_num(low) - low) / ((high - low) or 1)).clamp(0, 1)
    sized = F.interpolate(shares[:, None], frames.shape[2:], mode="bilinear", align_corners=False)
    colours = torch.from_numpy(colormaps[HEAT](sized[:, 0].numpy()))[..., :3]
    grey = rgb_to_grayscale(frames, 3).float() / 255
    opacity = 0.15 + 0.6 * sized
    mixed = (1 - opacity) * grey + opacity * colours.permute(0, 3, 1, 2)
    return (255 * mixed).round().to(torch.uint8)


def _rows(pictures: Tensor) -> tuple[Tensor, ...]:
    return pictures.split(COLUMNS)
