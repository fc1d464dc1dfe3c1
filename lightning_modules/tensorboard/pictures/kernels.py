"""Temporal kernels: three taps by channels, and how far they have moved from the start."""

from collections.abc import Mapping
from typing import NamedTuple

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

WIDEST = 512
"""Columns of pixels of a strip at least; more channels share columns, which show their means."""
WIDTH, ROW, HEAD = 1360, 48, 84
LONGEST_NAME = 240


class KernelPair(NamedTuple):
    """A temporal convolution's kernels now and at its start, both (C, 3)."""

    now: Tensor
    start: Tensor


def draw_kernels(pairs: Mapping[str, KernelPair]) -> Figure:
    """Draw the kernels of several convolutions, left their values, right their change.

    Args:
        pairs: By the convolution's name, all (C, 3). The colours of the change reach to the
            largest change among them.
    """
    largest = max(float((pair.now - pair.start).abs().max()) for pair in pairs.values()) or 1.0
    figure = new_figure(WIDTH, ROW * len(pairs) + HEAD)
    figure.set_layout_engine("constrained")
    rows = figure.subplots(len(pairs), 2, squeeze=False)
    for (now, change), (name, pair) in zip(rows, pairs.items(), strict=True):
        _draw_strip(now, pair.now, 1.0)
        _draw_strip(change, pair.now - pair.start, largest)
        now.set_yticks([1], [shorten(name, LONGEST_NAME)], parse_math=False)
        change.yaxis.tick_right()
        change.set_yticks(range(3), ["t-1", "t", "t+1"], fontsize="small")
    for column, title in zip(rows.T, ("kernel", "change since the start"), strict=True):
        column[-1].set_xlabel("channels")
        image = column[-1].images[0]
        pad = 8 / figure.bbox.height
        bar = figure.colorbar(image, ax=column, location="top", aspect=50, pad=pad, label=title)
        bar.set_ticks([image.norm.vmin, 0, image.norm.vmax])
        bar.ax.xaxis.set_major_formatter("{x:.3g}")
    return figure


def _draw_strip(axes: Axes, kernels: Tensor, limit: float) -> None:
    """Draw kernels (C, 3) as three rows of colours that end at -limit and +limit."""
    taps = kernels.detach().float().cpu().T
    taps = F.adaptive_avg_pool1d(taps, min(taps.shape[1], WIDEST))
    scale = Normalize(-limit, limit)
    axes.imshow(taps.numpy(), DIVERGING, scale, aspect="auto", interpolation="nearest")
    axes.set_xticks([])
    axes.tick_params(length=0)
