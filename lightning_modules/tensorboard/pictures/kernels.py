"""Temporal kernels: three taps over the channels, and how far they have moved from the start."""

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from lightning_modules.tensorboard.pictures.canvas import (
    DIVERGING,
    FAINT,
    Picture,
    beside,
    blank,
    cell,
    colour,
    colour_bar,
    enlarge,
    stack,
    text_line,
    text_width,
)

STRIP_WIDTH, STRIP_HEIGHT = 480, 27
LEGEND = "rows of a strip: frames t-1, t, t+1   columns: channels"


class KernelPair(NamedTuple):
    """A temporal convolution's kernels now and at its start, both (C, 3)."""

    now: Tensor
    start: Tensor


def draw_kernels(pairs: Mapping[str, KernelPair]) -> Picture:
    """Draw the kernels of several convolutions, left as they are, right their change.

    Args:
        pairs: By the convolution's name, all (C, 3). The colours of the change reach to the
            largest change among them.
    """
    changes = {name: (pair.now - pair.start).float().cpu() for name, pair in pairs.items()}
    largest = max(float(change.abs().max()) for change in changes.values())
    left = max(text_width(name) for name in pairs)
    heads = [_head("kernel", 1.0), _head("change since the start", largest)]
    rows = [text_line(LEGEND, FAINT), beside([blank(left, 1), *heads], gap=12)]
    for name, pair in pairs.items():
        strips = [_strip(pair.now, 1.0), _strip(changes[name], largest)]
        rows.append(beside([cell(text_line(name), left, STRIP_HEIGHT), *strips], gap=12))
    return stack(rows, gap=5, margin=8)


def _head(title: str, limit: float) -> Picture:
    bar = colour_bar((f"-{limit:.3g}", f"+{limit:.3g}"), DIVERGING)
    return cell(beside([text_line(title), bar], gap=12), STRIP_WIDTH)


def _strip(kernels: Tensor, limit: float) -> Picture:
    """Paint kernels (C, 3) as three rows; neighbouring channels share a pixel where C is large."""
    shown = kernels.detach().float().cpu().T / (2 * max(limit, 1e-12)) + 0.5
    return enlarge(colour(shown, DIVERGING), STRIP_WIDTH, STRIP_HEIGHT)
