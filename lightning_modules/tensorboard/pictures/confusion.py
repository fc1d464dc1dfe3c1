"""The confusion matrix: numbers in the cells of few classes, a heat map of many."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from torch import Tensor

from lightning_modules.tensorboard.pictures.figures import (
    MARGIN,
    SPARSE,
    axes_at,
    new_figure,
    shorten,
    text_width,
)

SIDE = 780
"""Largest side of the matrix, pixels; larger if cells would be smaller than 2 pixels."""
LARGEST_CELL = 48
CELL_WITH_NAME = 13
CELL_WITH_NUMBER = 26
LONGEST_NAME = 150
AXIS_TITLE = 28
BAR_HEIGHT, BAR_SPACE = 160, 84
WHITE_TEXT_ABOVE = 0.3
TICK_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
TICK_GAP = 40


def row_shares(counts: Tensor) -> Tensor:
    """Divide each row of (K, K) by its sum; rows without videos stay zero."""
    return counts / counts.sum(1, keepdim=True).clamp(min=1)


def draw_confusion(counts: Tensor, class_names: Sequence[str]) -> Figure:
    """Draw a confusion matrix with normalised rows.

    torchmetrics' own plot is not used: it writes K*K numbers, has a linear scale and no colour bar.

    Args:
        counts: Videos by label (rows) and prediction (columns), (K, K).
        class_names: The K classes.
    """
    shares = row_shares(counts.float().cpu())
    classes = len(class_names)
    cell = min(LARGEST_CELL, max(2, SIDE // classes))
    side = cell * classes  # every cell has the same whole number of pixels
    ticks = _tick_labels(class_names, cell)
    before = MARGIN + AXIS_TITLE + round(max(text_width(text) for text in ticks.values()))
    figure = new_figure(before + side + BAR_SPACE, before + max(side, BAR_HEIGHT) + MARGIN)

    axes = axes_at(figure, before, before, side, side)
    # With a square-root scale, confusions of a few percent are visible.
    scale = PowerNorm(0.5, vmin=0, vmax=1)
    image = axes.imshow(shares.numpy(), SPARSE, scale, aspect="auto", interpolation="nearest")
    if cell >= CELL_WITH_NUMBER:
        _write_percents(axes, shares)
    named = cell >= CELL_WITH_NAME
    axes.set_xticks(list(ticks), list(ticks.values()), rotation=90 * named, parse_math=False)
    axes.set_yticks(list(ticks), list(ticks.values()), parse_math=False)
    axes.tick_params(length=0 if named else 3, top=True, labeltop=True, labelbottom=False)
    axes.set_xlabel("prediction", labelpad=6)
    axes.set_ylabel("label")
    axes.xaxis.set_label_position("top")
    axes.spines[:].set_color("lightgrey")

    bar = axes_at(figure, before + side + 12, before, 12, max(side, BAR_HEIGHT))
    marks = [0, 0.01, 0.05, 0.25, 0.5, 1]
    percent = PercentFormatter(1, decimals=0, symbol=" %")
    label = "share of the label's videos"
    figure.colorbar(image, cax=bar, ticks=marks, format=percent, label=label)
    return figure


def _tick_labels(class_names: Sequence[str], cell: int) -> dict[int, str]:
    """Name every class if there is room, otherwise number some of them."""
    if cell >= CELL_WITH_NAME:
        return {k: shorten(name, LONGEST_NAME) for k, name in enumerate(class_names)}
    step = next(step for step in TICK_STEPS if step * cell >= TICK_GAP or step == TICK_STEPS[-1])
    return {k: str(k) for k in range(0, len(class_names), step)}


def _write_percents(axes: Axes, shares: Tensor) -> None:
    for row, column in shares.nonzero().tolist():
        share = float(shares[row, column])
        colour = "white" if share > WHITE_TEXT_ABOVE else "black"
        text = f"{100 * share:.0f}"
        axes.text(column, row, text, color=colour, ha="center", va="center_baseline")
