"""Tables of a report: headings and cells as text."""

from collections.abc import Sequence

from experiments.grid.grid_file import Grid
from experiments.grid.results import ReportLine

Tables = Sequence[tuple[Grid, Sequence[ReportLine]]]

TITLE = "Our results and those of the papers"
LEGEND = (
    "Accuracies in per cent; ours as mean ± standard deviation over the seeds; difference is ours "
    "minus the paper's, of the same data set. The paper's figure belongs to a row's first "
    "protocol. Quoted rows are other works' figures, which are not run."
)
HEADINGS = (
    *("row", "protocol", "paper top-1", "ours top-1", "difference"),
    *("paper top-5", "ours top-5", "seeds", "videos", "commit"),
)
FURTHER = {
    "test_top1": "paper test top-1",
    "params": "paper params, M",
    "gflops": "paper GFLOPs",
    "latency": "paper latency, ms",
    "throughput": "paper videos/s",
}
"""Figures that only some tables have -> their headings."""

COMMIT_LENGTH = 10


def headings(lines: Sequence[ReportLine]) -> tuple[str, ...]:
    """Name the columns of a table."""
    return (*_applicable(lines, HEADINGS), *(FURTHER[name] for name in _further(lines)))


def rows_of(lines: Sequence[ReportLine]) -> list[tuple[str, ...]]:
    """Write the cells of a table, in the columns of `headings`."""
    names = _further(lines)
    return [
        (*_applicable(lines, cells(line)), *(_figure(line, name) for name in names))
        for line in lines
    ]


def cells(line: ReportLine) -> tuple[str, ...]:
    """Write a line's cells, in the columns of `HEADINGS`."""
    difference = line.difference("top1")
    return (
        line.row.label,
        line.protocol,
        _number(line.paper("top1")),
        _ours(line, "top1"),
        "" if difference is None else f"{round(difference, 1) + 0.0:+.1f}",
        _number(line.paper("top5")),
        _ours(line, "top5") if line.results else "",
        " ".join(str(one.seed) for one in line.results),
        _joined({f"{one.videos:,}" for one in line.results}),
        _joined({_short(commit) for one in line.results for commit in one.commits}),
    )


def datasets(lines: Sequence[ReportLine]) -> str:
    """Name the data sets of a table: ours, and the paper's if it differs."""
    ours = _joined({line.row.dataset for line in lines if line.row.dataset})
    papers = _joined({line.row.figures_dataset for line in lines if not line.comparable})
    return f"{ours}; the paper's figures are of {papers}" if papers else ours


def _applicable(lines: Sequence[ReportLine], columns: tuple[str, ...]) -> tuple[str, ...]:
    """Leave the difference out if no row has a paper's figure of the same data set."""
    index = HEADINGS.index("difference")
    if any(line.comparable for line in lines):
        return columns
    return columns[:index] + columns[index + 1 :]


def _further(lines: Sequence[ReportLine]) -> list[str]:
    return [name for name in FURTHER if any(name in line.row.figures for line in lines)]


def _figure(line: ReportLine, name: str) -> str:
    value = line.paper(name)
    if value is None:
        return ""
    views = line.row.figures.get("views", 1) if name == "gflops" else 1
    return f"{value:g} x {'N/A' if views is None else views}" if views != 1 else f"{value:g}"


def _ours(line: ReportLine, name: str) -> str:
    """Write our mean and standard deviation, or the row's state if there is no result."""
    value, spread = line.ours(name), line.spread(name)
    if value is None:
        return "no result" if line.state == "finished" else line.state
    return f"{value:.1f}" if spread is None else f"{value:.1f} ± {spread:.1f}"


def _short(commit: str) -> str:
    """Shorten a commit, but keep a suffix such as ``-dirty``."""
    name, dash, suffix = commit.partition("-")
    return f"{name[:COMMIT_LENGTH]}{dash}{suffix}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _joined(texts: set[str]) -> str:
    return ", ".join(sorted(texts))
