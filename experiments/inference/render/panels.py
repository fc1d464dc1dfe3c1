"""The drawn parts of a rendered video: bars of classes, the timeline, a line of text."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from torch import Tensor

from experiments.inference.render.layout import Box
from lightning_modules.checkpoints.prediction_files import SHOWN_CLASSES
from lightning_modules.tensorboard.pictures.figures import GREY, axes_at, new_figure, shorten

Pixels = NDArray[np.uint8]
"""RGB 0-255, (H, W, 3)."""

COLOURS = ("#21918c", "#e6863b", "#5a6fd6", "#c84d72", "#8aa63c", "#8d5ba6", "#4aa3d8", "#a8743a")
OTHER_COLOUR, TRACK_COLOUR = "#a0a0a0", "#ececec"
SAMPLED_COLOUR = "#ffb000"
NAME_SIZE, NAME_SCALE = 13, 1.3
"""Points of class names, and how much wider they are than text in the default size of 10."""
PERCENT_WIDTH = 64
AXIS_LEFT, AXIS_RIGHT, AXIS_TOP, AXIS_BOTTOM = 48, 28, 22, 30
TICK_HEIGHT = 8
KEY_MARK = 30
"""Pixels of a colour in the key, with its gaps."""
MOST_LINES = 100
"""Windows that are separated by white lines; more would be hidden by them."""


def choose_colours(shares: Tensor) -> dict[int, str]:
    """Give a colour to the classes that are most probable in any window.

    Args:
        shares: Probabilities in each window, (windows, K).
    """
    highest = shares.max(0).values.argsort(descending=True, stable=True).tolist()
    return dict(zip(highest, COLOURS, strict=False))


def draw_bars(
    box: Box, title: str, shares: Tensor, class_names: Sequence[str], colours: Mapping[int, str]
) -> Pixels:
    """Draw the five most probable classes, each with its name above its bar.

    Args:
        box: Its size is the picture's.
        title: The first line.
        shares: Probabilities, (K,).
        class_names: The K classes.
        colours: Class -> colour.
    """
    figure = new_figure(box.width, box.height)
    axes = axes_at(figure, 0, 34, box.width - PERCENT_WIDTH, box.height - 40)
    line, place = shorten(title, box.width / 1.1), 1 - 20 / box.height
    figure.text(0, place, line, fontsize=11, color=GREY, parse_math=False)
    best = shares.topk(min(SHOWN_CLASSES, len(shares)))
    axes.set(xlim=(0, 1), ylim=(SHOWN_CLASSES - 0.35, -0.65))
    axes.axis("off")
    for place, (k, share) in enumerate(
        zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ):
        axes.barh(place, 1, 0.32, color=TRACK_COLOUR)
        axes.barh(place, share, 0.32, color=colours.get(k, OTHER_COLOUR))
        name = shorten(class_names[k], box.width / NAME_SCALE)
        axes.text(0, place - 0.26, name, fontsize=NAME_SIZE, va="bottom", parse_math=False)
        axes.text(1.02, place, f"{100 * share:.0f} %", fontsize=NAME_SIZE, va="center_baseline")
    return as_pixels(figure)


def draw_text(box: Box, text: str) -> Pixels:
    """Draw one line of text."""
    figure = new_figure(box.width, box.height)
    line = shorten(text, box.width / 1.1)
    figure.text(0, 0.25, line, fontsize=11, color=GREY, parse_math=False)
    return as_pixels(figure)


class Timeline:
    """The probabilities over time as stacked bars, one bar a window, over the sampled frames.

    Args:
        box: Its size is the picture's.
        edges: The times at which the windows' bars begin and end, ascending, (windows + 1).
        shares: Probabilities in each window, (windows, K).
        class_names: The K classes.
        colours: Class -> colour.
        sampled: Times of the frames that the network has seen.
        unit: Of the times, ``s`` or ``frames``.

    Attributes:
        picture: The picture without a playhead.
    """

    def __init__(
        self,
        box: Box,
        edges: Sequence[float],
        shares: Tensor,
        class_names: Sequence[str],
        colours: Mapping[int, str],
        sampled: Sequence[float],
        unit: str,
    ) -> None:
        self.edges = edges
        self.width = box.width - AXIS_LEFT - AXIS_RIGHT
        self.height = box.height - AXIS_BOTTOM - AXIS_TOP
        figure = new_figure(box.width, box.height)
        axes = axes_at(figure, AXIS_LEFT, AXIS_TOP, self.width, self.height)
        _stack(axes, edges, shares, colours)
        _draw_key(axes, self.width, class_names, colours)
        low = -1.6 * TICK_HEIGHT / self.height
        axes.vlines(sampled, low, low / 4, color=SAMPLED_COLOUR, linewidth=1.5)
        axes.set(xlim=(edges[0], edges[-1]), ylim=(low, 1), yticks=[0, 1])
        axes.set_yticklabels(["0 %", "100 %"], fontsize=8)
        times = MaxNLocator(10).tick_values(edges[0], edges[-1])
        axes.set_xticks([time for time in times if edges[0] <= time <= edges[-1]])
        axes.xaxis.set_major_formatter(f"{{x:g}} {unit}")
        axes.tick_params(length=2, labelsize=9)
        axes.spines[["top", "right"]].set_visible(False)
        self.picture = as_pixels(figure)

    def at(self, time: float) -> Pixels:
        """Draw the playhead."""
        share = (time - self.edges[0]) / (self.edges[-1] - self.edges[0])
        column = AXIS_LEFT + round(min(max(share, 0.0), 1.0) * (self.width - 1))
        picture = self.picture.copy()
        picture[AXIS_TOP : AXIS_TOP + self.height, column - 1 : column + 2] = 30
        return picture


def _stack(axes: Axes, edges: Sequence[float], shares: Tensor, colours: Mapping[int, str]) -> None:
    """Stack the classes that have a colour, each at the same place in all windows."""
    line = 0.5 if len(shares) <= MOST_LINES else 0
    bottoms = np.zeros(len(shares))
    for k, colour in colours.items():
        values = shares[:, k].numpy()
        axes.bar(
            edges[:-1],
            values,
            np.diff(edges),
            bottoms,
            align="edge",
            color=colour,
            edgecolor="white",
            linewidth=line,
        )
        bottoms += values


def _draw_key(
    axes: Axes, width: float, class_names: Sequence[str], colours: Mapping[int, str]
) -> None:
    """Name the colours in one line above the bars."""
    room = width / len(colours)
    names = [shorten(class_names[k], room - KEY_MARK) for k in colours]
    handles = [Patch(color=colour) for colour in colours.values()]
    axes.legend(
        handles,
        names,
        ncols=len(colours),
        loc="lower left",
        bbox_to_anchor=(0, 1),
        frameon=False,
        fontsize=8,
        handlelength=0.8,
        handletextpad=0.4,
        columnspacing=1,
        borderpad=0.2,
        borderaxespad=0,
    )


def as_pixels(figure: Figure) -> Pixels:
    """Render a figure."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    rgba = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    return np.asarray(rgba)[..., :3].copy()
