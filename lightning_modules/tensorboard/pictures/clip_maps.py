"""Maps over the frames of a clip: a row of frames, and below it a row for each kind of map."""

from collections.abc import Mapping
from functools import partial

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
NARROWEST = 480
"""Smallest width, so that the title has room."""


def draw_clip_maps(frames: Tensor, maps: Mapping[str, Tensor], title: str) -> Figure:
    """Draw the frames, and each kind of map over the grey frames.

    Args:
        frames: uint8 0-255, (T, 3, S, S).
        maps: Values of any scale by the name of their kind, each (T, h, w); NaN where a frame has
            none. Each kind has its own scale, from its lowest value, dark, to its highest, bright;
            both are written beside its name.
        title: The first line.
    """
    small = torch.cat([fit_strip(part) for part in frames.split(COLUMNS)])
    kinds = {"frames": small}
    for name, values in maps.items():
        low, high = _range(values)
        kinds[f"{name}, over grey frames; dark {low:.2g}, bright {high:.2g}"] = heat(small, values)
    tall, wide = small.shape[2:]
    rows = len(small.split(COLUMNS))
    width = max(min(COLUMNS, len(frames)) * (wide + GAP), NARROWEST) + 2 * MARGIN
    height = LINE + len(kinds) * (LINE + rows * (tall + GAP)) + 2 * MARGIN
    figure = new_figure(width, height)
    write = partial(figure.text, MARGIN, transform=None, parse_math=False)
    bottom = height - MARGIN - LINE
    write(bottom + 4, shorten(title, width - 2 * MARGIN))
    for name, kind in kinds.items():
        bottom -= LINE
        write(bottom + 4, shorten(name, width - 2 * MARGIN), color=GREY)
        for row in kind.split(COLUMNS):
            bottom -= tall + GAP
            for place, picture in enumerate(row):
                left = MARGIN + place * (wide + GAP)
                figure.figimage(
                    picture.permute(1, 2, 0).numpy(), left, bottom + GAP, origin="upper"
                )
    return figure


def heat(frames: Tensor, maps: Tensor) -> Tensor:
    """Lay maps over grey frames, bright and opaque where they are high.

    Args:
        frames: uint8 0-255, (T, 3, H, W).
        maps: Values of any scale, (T, h, w); NaN where a frame has none.

    Returns:
        uint8 0-255, (T, 3, H, W).
    """
    low, high = _range(maps)
    shares = ((maps.nan_to_num(low) - low) / ((high - low) or 1)).clamp(0, 1)
    sized = F.interpolate(shares[:, None], frames.shape[2:], mode="bilinear", align_corners=False)
    colours = torch.from_numpy(colormaps[HEAT](sized[:, 0].numpy()))[..., :3]
    grey = rgb_to_grayscale(frames, 3).float() / 255
    opacity = 0.15 + 0.6 * sized
    mixed = (1 - opacity) * grey + opacity * colours.permute(0, 3, 1, 2)
    return (255 * mixed).round().to(torch.uint8)


def _range(maps: Tensor) -> tuple[float, float]:
    known = maps[~maps.isnan()]
    return float(known.min()), float(known.max())
