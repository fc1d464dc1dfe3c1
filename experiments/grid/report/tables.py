"""Tables of a report: headings and cells as text."""

from collections.abc import Sequence

from experiments.grid.report.section import Section
from experiments.grid.report.study_columns import (
    comparison_column,
    cost_columns,
    settings_column,
)
from experiments.grid.results import ReportLine

TITLE, STUDY_TITLE = "Our results and those of the papers", "Results"
LEGEND = "Accuracies in per cent, as mean ± standard deviation over the seeds."
PAPER_LEGEND = (
    "Difference is ours minus the paper's, of the same data set. The paper's figure belongs to a "
    "row's first protocol. Quoted rows are other works' figures, which are not run."
)
STUDY_LEGEND = (
    "Brackets behind a difference to the baseline row hold its 95 % interval: a bootstrap over the "
    "same clips and over seeds, or, marked seeds, Welch's over seeds alone; with fewer "
    "than about five seeds the first is too narrow. GMAC is of one view. "
    "Minutes are those of the fit and its validations, on the machine that ran it."
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


def headings(section: Section) -> tuple[str, ...]:
    """Name the columns of a table."""
    return tuple(_columns(section, section.lines[0]))


def rows_of(section: Section) -> list[tuple[str, ...]]:
    """Write the cells of a table, in the columns of `headings`."""
    return [tuple(_columns(section, line).values()) for line in section.lines]


def _columns(section: Section, line: ReportLine) -> dict[str, str]:
    """Map the headings of a table to the cells of a line, in order."""
    unused = _unused(section)
    own = {n: text for n, text in zip(HEADINGS, cells(line), strict=True) if n not in unused}
    further = {FURTHER[name]: _figure(line, name) for name in _further(section.lines)}
    if not section.is_study:
        return own | further
    commit, columns = own.pop("commit"), {"row": own.pop("row"), **settings_column(section, line)}
    for name, text in own.items():
        columns[name if section.grid.paper else name.removeprefix("ours ")] = text
        if name == "ours top-1":
            columns |= comparison_column(section, line)
    return {**columns, **further, **cost_columns(section, line), "commit": commit}


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


def title(sections: Sequence[Section]) -> str:
    """Name a report."""
    return TITLE if any(section.grid.paper for section in sections) else STUDY_TITLE


def legend(sections: Sequence[Section]) -> str:
    """Explain the columns that a report has."""
    parts = [LEGEND]
    parts += [PAPER_LEGEND] if any(section.grid.paper for section in sections) else []
    parts += [STUDY_LEGEND] if any(section.is_study for section in sections) else []
    return " ".join(parts)


def datasets(lines: Sequence[ReportLine]) -> str:
    """Name the data sets of a table: ours, and the paper's if it differs."""
    ours = _joined({line.row.dataset for line in lines if line.row.dataset})
    papers = _joined({line.row.figures_dataset for line in lines if not line.comparable})
    return f"{ours}; the paper's figures are of {papers}" if papers else ours


def _unused(section: Section) -> set[str]:
    """Name the columns that a table cannot have: those of a paper, or of the same data set."""
    if not section.grid.paper:
        return {"paper top-1", "difference", "paper top-5"}
    return set() if any(line.comparable for line in section.lines) else {"difference"}


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
