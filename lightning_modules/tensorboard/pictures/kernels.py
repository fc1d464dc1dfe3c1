"""Temporal kernels: three taps by channels, and how far they have moved from the start."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from lightning_modules.tensorboard.pictures.figures import (
    DIVERGING,
    new_figure,
    shorten,
)

COLUMNS = 512
"""Columns of the picture: fewer channels are stretched, more are averaged."""
WIDTH, ROW, HEAD = 1360, 42, 84
LONGEST_NAME = 240


class KernelPair(NamedTuple):
    """A temporal convolution's current and initial kernels, both (C, 3)."""

    now: Tensor
    start: Tensor


def draw_kernels(pairs: Mapping[str, KernelPair]) -> Figure:
    """Draw the kernels of several convolutions, left their values, right their change.

    Args:
        pairs: Kernels, all (C, 3), by the convolution's name. The colour scale of the change ends
            at the largest change among them.
    """
    names = [shorten(name, LONGEST_NAME) for name in pairs]
    now = [pair.now for pair in pairs.values()]
    change = [pair.now - pair.start for pair in pairs.values()]
    largest = max(float(kernels.abs().max()) for kernels in change)
    figure = new_figure(WIDTH, ROW * len(pairs) + HEAD)
    figure.set_layout_engine("constrained")
    left, right = figure.subplots(1, 2)
    _draw_column(left, "kernel", now, 1.0)
    _draw_column(right, "change since the start", change, largest or 1.0)
    left.set_yticks(range(1, 3 * len(pairs), 3), names, parse_math=False)
    right.yaxis.tick_right()
    right.set_yticks(range(3 * len(pairs)), ["t-1", "t", "t+1"] * len(pairs), fontsize="small")
    return figure


def _draw_column(axes: Axes, title: str, kernels: list[Tensor], limit: float) -> None:
    """Draw kernels, each (C, 3), below each other as three rows of colours.

    Args:
        axes: Where to draw.
        title: The title of the colour bar.
        kernels: One tensor for each block.
        limit: The colour scale is from -limit to +limit.
    """
    taps = [F.adaptive_avg_pool1d(block.detach().float().cpu().T, COLUMNS) for block in kernels]
    scale = Normalize(-limit, limit)
    image = axes.imshow(
        torch.cat(taps).numpy(), DIVERGING, scale, aspect="auto", interpolation="nearest"
    )
    for block in range(1, len(kernels)):
        axes.axhline(3 * block - 0.5, color="white", linewidth=5)
    axes.set(xticks=[], xlabel="channels")
    axes.tick_params(length=0)
    pad = 8 / axes.figure.bbox.height
    bar = axes.figure.colorbar(image, ax=axes, location="top", aspect=50, pad=pad, label=title)
    bar.set_ticks([-limit, 0, limit])
    bar.ax.xaxis.set_major_formatter("{x:.3g}")
