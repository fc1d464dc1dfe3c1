"""The rows of a study below each other: top-1 with each seed, and the difference to the baseline.

Labels are those of an axis, one on each line, so that they cannot cover each other.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments.grid.report.baseline import Comparison
from experiments.grid.report.scatter import OURS, SETTINGS, as_svg
from experiments.grid.results import ReportLine

WIDTH, ROW_HEIGHT, FRAME_HEIGHT = 7.2, 0.3, 1.1
"""Inches; the frame is the title and the axis below."""

CLEAR, UNCLEAR = "#1f5fa8", "#999999"
"""Colours of differences whose interval excludes 0, and of the others."""

LONGEST_LABEL = 40


def draw_rows(
    lines: Sequence[ReportLine],
    comparisons: Mapping[tuple[str, str], Comparison],
    baseline: str,
    protocol: str,
) -> str:
    """Draw rows of one protocol.

    Args:
        lines: Lines with results, at least one.
        comparisons: (row, protocol) -> comparison with the baseline.
        baseline: Label of the baseline; empty for none.
        protocol: The protocol, for the title.

    Returns:
        The SVG element.
    """
    with style.context(SETTINGS, after_reset=True):
        height = FRAME_HEIGHT + ROW_HEIGHT * len(lines)
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        FigureCanvasAgg(figure)
        compared = any((line.row.label, protocol) in comparisons for line in lines)
        axes = figure.subplots(1, 2 if compared else 1, sharey=True, squeeze=False)[0]
        _draw_accuracies(axes[0], lines)
        if compared:
            _draw_differences(axes[1], lines, comparisons)
            axes[1].set_title(f"minus {baseline}, points", fontsize=9)
        axes[0].set_title(f"top-1, %, {protocol}", fontsize=9)
        return as_svg(figure, f"top-1 of each row, {protocol}")


def _draw_accuracies(axes: Axes, lines: Sequence[ReportLine]) -> None:
    for place, line in enumerate(lines):
        values = [one.top1 for one in line.results]
        axes.plot(values, [place] * len(values), "o", color=OURS, markersize=4, alpha=0.5)
        axes.plot(fmean(values), place, "|", color=OURS, markersize=14, markeredgewidth=2)
    labels = [_shortened(line.row.label) for line in lines]
    axes.set_yticks(range(len(lines)), labels)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    _prepare(axes)


def _draw_differences(
    axes: Axes, lines: Sequence[ReportLine], comparisons: Mapping[tuple[str, str], Comparison]
) -> None:
    axes.axvline(0, color="#999999", linewidth=1, linestyle="--")
    for place, line in enumerate(lines):
        comparison = comparisons.get((line.row.label, line.protocol))
        if comparison is None:
            continue
        found = comparison.difference
        clear = comparison.has_interval and found.is_clear
        colour = CLEAR if clear else UNCLEAR
        if comparison.has_interval:
            axes.plot([found.low, found.high], [place, place], color=colour, linewidth=1.5)
        axes.plot(found.mean, place, "o", color=colour, markersize=5)
    _prepare(axes)


def _prepare(axes: Axes) -> None:
    axes.grid(axis="x", color="#eeeeee")
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.08)


def _shortened(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
