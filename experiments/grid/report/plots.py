"""The plots of a table, as far as its figures allow them."""

from collections.abc import Iterator, Sequence

from experiments.grid.report.row_plot import draw_rows
from experiments.grid.report.scatter import Point, scatter
from experiments.grid.report.section import Section
from experiments.grid.results import ReportLine

ACCURACY = "top-1, %"


def plots(section: Section) -> list[str]:
    """Draw a table's plots, those of each data set separately.

    Returns:
        SVG elements: of a study the rows in order, and top-1 against GMAC; of a paper's table top-1
        against GFLOPs, against throughput, and ours against the paper's.
    """
    lines = section.lines
    drawn = [*_study(section)] if section.is_study else []
    for dataset in dict.fromkeys(line.row.dataset for line in lines):
        some = [line for line in lines if line.row.dataset == dataset]
        start = f"{dataset}: top-1 against" if dataset else "top-1 against"
        drawn += [*_by_gflops(some, start), *_by_throughput(some, start), *_by_paper(some, start)]
    return drawn


def _study(section: Section) -> Iterator[str]:
    """Draw the rows of each protocol below each other, and their top-1 against GMAC."""
    for protocol in dict.fromkeys(line.protocol for line in section.lines):
        measured = [one for one in section.lines if one.protocol == protocol and one.results]
        if measured:
            yield draw_rows(measured, section.comparisons, section.grid.baseline, protocol)
        points = [
            Point(costs.gigamacs, top1, line.row.label, True, line.spread("top1") or 0.0)
            for line in measured
            if (costs := section.costs.get(line.row.label)) is not None
            and costs.gigamacs is not None
            and (top1 := line.ours("top1")) is not None
        ]
        if len({point.x for point in points}) > 1:
            yield scatter(points, f"{protocol}: top-1 against GMAC", "GMAC of one view", ACCURACY)


def _by_gflops(lines: Sequence[ReportLine], start: str) -> list[str]:
    points = [point for line in lines for point in _points(line, line.gflops)]
    axis = "GFLOPs of all views of a video"
    return [scatter(points, f"{start} GFLOPs", axis, ACCURACY, log_x=True)] if points else []


def _by_throughput(lines: Sequence[ReportLine], start: str) -> list[str]:
    points = [point for line in lines for point in _points(line, line.paper("throughput"))]
    axis = "videos per second, as the paper prints"
    return [scatter(points, f"{start} throughput", axis, ACCURACY)] if points else []


def _by_paper(lines: Sequence[ReportLine], start: str) -> list[str]:
    points = [
        Point(both[1], both[0], line.row.label, ours=True, spread=line.spread("top1") or 0.0)
        for line in lines
        if (both := line.both("top1"))
    ]
    axes = ("top-1 of the paper, %", "ours, %")
    diagonal = all(line.comparable for line in lines)
    return [scatter(points, f"{start} the paper's", *axes, diagonal=diagonal)] if points else []


def _points(line: ReportLine, x: float | None) -> list[Point]:
    """Make the marks of a row at x: ours, and the paper's if it is of the same data set."""
    if x is None:
        return []
    points = []
    paper, ours = line.paper("top1"), line.ours("top1")
    if ours is not None:
        spread = line.spread("top1") or 0.0
        points.append(Point(x, ours, line.row.label, ours=True, spread=spread))
    if paper is not None and line.comparable:
        points.append(Point(x, paper, line.row.label, ours=False))
    return points
