"""Saliency alignment as in figure 3 of TSI: what two points attend to in the next frame."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2.functional import rgb_to_grayscale

from lightning_modules.tensorboard.pictures.figures import (
    DPI,
    SEQUENTIAL,
    axes_at,
    new_figure,
    shorten,
)

TILE = 168
"""Shorter side of a frame, pixels."""
MARGIN, BAR, HEAD, LEGEND = 8, 84, 48, 40
GAP, ROW_GAP = 8, 32
MOST_ATTENDED = 3
"""Figure 3 shows the three points with the largest attention."""
SMALLEST_MARK = 10
"""Smallest side of a mark, pixels."""
POINTS = {
    "#ff3030": "the position where the two frames differ most, and the three it attends to most",
    "#30d0ff": "where they differ least, and the three it attends to most (thicker: more)",
}
TITLES = (
    "frame t:\ntwo points",
    "frame t+1: what\nthey attend to",
    "saliency S, mean\nover channels",
    "attention that\nt+1 receives",
)


class AlignmentView(NamedTuple):
    """The maps of one alignment for a pair of frames; positions are H*W of its feature map.

    Attributes:
        name: The block's name.
        attention: Weights from each position of frame t (rows) to those of frame t+1, (H*W, H*W).
        saliency: S of equation 1, averaged over the channels, (H, W).
    """

    name: str
    attention: Tensor
    saliency: Tensor


def draw_alignments(frame: Tensor, following: Tensor, views: Sequence[AlignmentView]) -> Figure:
    """Draw one row of four pictures per view.

    Args:
        frame: Frame t, uint8 0-255, (3, H', W').
        following: Frame t+1, likewise.
        views: The maps of each block.
    """
    scale = TILE / min(frame.shape[1:])
    height, width = (round(scale * side) for side in frame.shape[1:])
    steps = (0, width + GAP, 2 * (width + GAP), 3 * width + BAR + 2 * GAP)
    lefts = [MARGIN + step for step in steps]
    figure = new_figure(lefts[-1] + width + BAR, HEAD + (height + ROW_GAP) * len(views) + LEGEND)
    pictures = [frame, following, *(rgb_to_grayscale(f, 3) for f in (frame, following))]
    difference = (frame.float() - following.float()).abs().mean(0, keepdim=True)
    for number, view in enumerate(views):
        top = HEAD + number * (height + ROW_GAP)
        row = [axes_at(figure, left, top, width, height) for left in lefts]
        rows, columns = view.saliency.shape
        extent = (-0.5, columns - 0.5, rows - 0.5, -0.5)  # one unit is one position of the map
        for axes, title, picture in zip(row, TITLES, pictures, strict=True):
            axes.imshow(picture.permute(1, 2, 0).numpy(), extent=extent, aspect="auto")
            axes.set(xticks=[], yticks=[], title=title if number == 0 else "")
        label = shorten(f"{rows} x {columns} positions, {view.name}", lefts[-1] + width - MARGIN)
        row[0].set_xlabel(label, loc="left", parse_math=False)
        change = F.adaptive_avg_pool2d(difference, (rows, columns)).flatten()
        for colour, point in zip(POINTS, (change.argmax(), change.argmin()), strict=True):
            _mark_point(row[0], row[1], int(point), view, colour)
        _draw_overlay(row[2], view.saliency)
        _draw_overlay(row[3], view.attention.mean(0).unflatten(0, (rows, columns)))
    marks = [Patch(fill=False, edgecolor=colour, label=text) for colour, text in POINTS.items()]
    figure.legend(handles=marks, loc="lower left", frameon=False)
    return figure


def _mark_point(
    current: Axes, following: Axes, point: int, view: AlignmentView, colour: str
) -> None:
    """Mark a position of frame t, and in frame t+1 the positions that it attends to most."""
    rows, columns = view.saliency.shape
    side = max(TILE / min(rows, columns), SMALLEST_MARK) * 72 / DPI
    strongest = view.attention[point].topk(min(MOST_ATTENDED, rows * columns))
    strengths = (strongest.values / strongest.values[0]).tolist()
    marks = [(current, point, 1.0)]
    for target, strength in zip(strongest.indices.tolist(), strengths, strict=True):
        marks.append((following, target, strength))
    for axes, position, strength in marks:
        row, column = divmod(position, columns)
        (mark,) = axes.plot(column, row, "s", markersize=side, fillstyle="none", clip_on=False)
        mark.set(color=colour, markeredgewidth=1 + 2 * strength)


def _draw_overlay(axes: Axes, values: Tensor) -> None:
    """Draw values (H, W), with a colour scale of their range, over the frame."""
    low, high = float(values.min()), float(values.max())
    scale = Normalize(low, high)
    axes.imshow(
        values.numpy(), SEQUENTIAL, scale, alpha=0.6, aspect="auto", interpolation="nearest"
    )
    bar, colours = axes.inset_axes((1.03, 0, 0.05, 1)), ScalarMappable(scale, SEQUENTIAL)
    axes.figure.colorbar(colours, bar, ticks=sorted({low, high}), format="%.3g")
