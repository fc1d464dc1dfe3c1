"""Scatter plots of accuracies as SVG elements, which a page can contain."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter
from matplotlib.transforms import Bbox, IdentityTransform

from experiments.grid.report.labels import place_labels

SIZE = (7.2, 4.6)
"""Inches."""

AXES = (0.085, 0.115, 0.895, 0.81)
"""Left, bottom, width and height of the axes, as shares of the figure."""

SETTINGS: dict[Any, Any] = {  # over matplotlib's defaults, whatever the user's settings are
    "figure.dpi": 72,  # a pixel is a point, as in SVG
    "font.sans-serif": [
        "DejaVu Sans",
        "Verdana",
    ],  # wide, so that labels do not overlap in any other font
    "font.size": 9,
    "svg.fonttype": "none",  # text stays text, which can be searched and copied
    "svg.hashsalt": "report",  # the same ids in each report
    "text.parse_math": False,  # a $ in a label is a $
}
OURS, PAPERS = "#1f5fa8", "#c2560a"
MARK_RADIUS = 3.0
SMALLEST_SPAN = 2.0
"""Smallest ratio of the ends of a logarithmic axis."""
"""Points."""

LABEL_STYLE: dict[str, Any] = {"fontsize": 7.5, "color": "#555555", "verticalalignment": "bottom"}
LINE_STYLE: dict[str, Any] = {"color": "#bbbbbb", "linewidth": 0.5, "zorder": 1}


@dataclass(frozen=True)
class Point:
    """A mark.

    Attributes:
        x: Its value on the x axis.
        y: Its value on the y axis.
        label: Shown on hovering, and written beside the mark where there is room.
        ours: Whether the mark is filled (ours) or hollow (the paper's).
        spread: Half the length of the vertical error bar through it; 0 for none.
    """

    x: float
    y: float
    label: str
    ours: bool
    spread: float = 0.0

    @property
    def hint(self) -> str:
        """Return the text that is shown on hovering."""
        return f"{self.label}: {self.x:g}, {self.y:.1f}"


def scatter(
    points: Sequence[Point],
    title: str,
    x_title: str,
    y_title: str,
    *,
    log_x: bool = False,
    diagonal: bool = False,
) -> str:
    """Draw points.

    Args:
        points: At least one.
        title: Above the plot.
        x_title: Below the plot.
        y_title: To the left of it.
        log_x: Whether the x axis, then of positive values, is logarithmic.
        diagonal: Whether both axes have the same range, with the line y = x.

    Returns:
        The SVG element, the same for the same points. Each mark is a group of class ``ours`` or
        ``paper``, whose first element is its hint.
    """
    with style.context(SETTINGS, after_reset=True):
        figure = Figure(figsize=SIZE)
        FigureCanvasAgg(figure)  # measures texts
        axes = figure.add_axes(AXES)
        axes.set(title=title, xlabel=x_title, ylabel=y_title)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#eeeeee")
        axes.set_axisbelow(True)
        axes.margins(0.08)
        for number, point in enumerate(points):
            _draw_mark(axes, point, number)
        if log_x:
            _scale_x(axes)
        if diagonal:
            _draw_diagonal(axes)
        _draw_labels(axes, points)
        return _as_element(figure, points, title)


def _scale_x(axes: Axes) -> None:
    """Make the x axis logarithmic, with ticks such as 10, 20, 50, 100.

    It spans at least a factor of two, so that nearly equal values stand near each other.
    """
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    if high < SMALLEST_SPAN * low:
        middle = (low * high) ** 0.5
        axes.set_xlim(middle / SMALLEST_SPAN**0.5, middle * SMALLEST_SPAN**0.5)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def _draw_mark(axes: Axes, point: Point, number: int) -> None:
    colour = OURS if point.ours else PAPERS
    if point.spread:
        axes.errorbar(point.x, point.y, point.spread, ecolor=colour, fmt="none")
    axes.plot(
        point.x,
        point.y,
        marker="o",
        linestyle="none",
        color=colour,
        markerfacecolor=colour if point.ours else "white",
        markersize=2 * MARK_RADIUS,
        gid=f"mark-{number}",
    )


def _draw_diagonal(axes: Axes) -> None:
    limits = [*axes.get_xlim(), *axes.get_ylim()]
    low, high = min(limits), max(limits)
    axes.set(xlim=(low, high), ylim=(low, high))
    axes.axline((low, low), (high, high), color="#999999", linestyle="--", linewidth=1, zorder=0)


def _draw_labels(axes: Axes, points: Sequence[Point]) -> None:
    """Write each label at a free place, with a line to its mark unless they are side by side."""
    in_pixels = IdentityTransform()
    texts = [axes.text(0, 0, p.label, transform=in_pixels, **LABEL_STYLE) for p in points]
    axes.autoscale_view()  # transData is up to date only after it
    boxes = [text.get_window_extent() for text in texts]
    low, centre, high = (
        axes.transData.transform([(p.x, p.y + side * p.spread) for p in points])
        for side in (-1, 0, 1)
    )
    places = place_labels(
        marks=[(x, y) for x, y in centre.tolist()],
        sizes=[(box.width, box.height) for box in boxes],
        obstacles=[Bbox(bar).padded(MARK_RADIUS + 1) for bar in zip(low, high, strict=True)],
        frame=axes.bbox.padded(-2),
    )
    for text, place in zip(texts, places, strict=True):
        if place is None:
            text.remove()
            continue
        text.set_position(place.box.p0)
        if place.distance > 2 * MARK_RADIUS:
            line = Line2D(*zip(*place.line, strict=True), transform=in_pixels, **LINE_STYLE)
            axes.add_artist(line)


def _as_element(figure: Figure, points: Sequence[Point], title: str) -> str:
    def begin_mark(match: re.Match[str]) -> str:
        point = points[int(match[1])]
        kind = "ours" if point.ours else "paper"
        return f'<g class="{kind}"><title>{escape(point.hint)}</title>'

    return re.sub(r'<g id="mark-(\d+)">', begin_mark, as_svg(figure, title))


def as_svg(figure: Figure, title: str) -> str:
    """Write a figure, drawn with `SETTINGS`, as an SVG element with a title for screen readers."""
    stream = io.StringIO()
    no_metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(stream, format="svg", metadata=no_metadata)
    text = stream.getvalue()
    opening, rest = text[text.index("<svg ") :].split(">", 1)
    svg = f'{opening} role="img">\n <title>{escape(title)}</title>{rest}'
    return re.sub(r' id="[\w.]+_\d+"', "", svg)  # these ids are not used; a page has many plots
