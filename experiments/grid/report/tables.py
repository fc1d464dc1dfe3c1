"""Tables of a report: cells for people, Markdown, CSV."""

import csv
import io
import math
from collections.abc import Callable, Sequence

from experiments.grid.grid_file import Grid
from experiments.grid.report.rank_agreement import Agreement, agreements
from experiments.grid.results import ReportLine

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
CSV_HEADINGS = (
    *("paper", "table", "row", "name", "dataset", "state", "protocol", "seed"),
    *("paper_top1", "ours_top1", "difference", "paper_top5", "ours_top5", "videos", "commit"),
    *("paper_test_top1", "paper_params", "paper_gflops", "paper_views"),
    *("paper_latency", "paper_throughput", "backbone", "pretrain", "frames", "note"),
)
COMMIT_LENGTH = 10

Tables = Sequence[tuple[Grid, Sequence[ReportLine]]]


def headings(lines: Sequence[ReportLine]) -> tuple[str, ...]:
    """Name the columns of a table."""
    return (*_that_apply(lines, HEADINGS), *(FURTHER[name] for name in _further(lines)))


def rows_of(lines: Sequence[ReportLine]) -> list[tuple[str, ...]]:
    """Write a table's lines for people."""
    names = _further(lines)
    return [
        (*_that_apply(lines, cells(line)), *(_figure(line, name) for name in names))
        for line in lines
    ]


def _that_apply(lines: Sequence[ReportLine], columns: tuple[str, ...]) -> tuple[str, ...]:
    """Leave the difference out where ours and the paper's are of other data."""
    place = HEADINGS.index("difference")
    if any(line.comparable for line in lines):
        return columns
    return columns[:place] + columns[place + 1 :]


def _further(lines: Sequence[ReportLine]) -> list[str]:
    return [name for name in FURTHER if any(name in line.row.figures for line in lines)]


def _figure(line: ReportLine, name: str) -> str:
    value = line.paper(name)
    if value is None:
        return ""
    views = line.row.figures.get("views", 1) if name == "gflops" else 1
    return f"{value:g} x {'N/A' if views is None else views}" if views != 1 else f"{value:g}"


def remarks(lines: Sequence[ReportLine]) -> list[str]:
    """Say what there is to say of a table: orders, notes, runs with flags of their own."""
    said = [sentence(agreement) for agreement in agreements(lines)]
    said += [f"{label}: {note}." for label, note in _once(lines, lambda line: line.row.note)]
    said += [f"{rows}: run with {flags}." for flags, rows in _rows_by_flags(lines).items()]
    if any("latency" in line.row.figures for line in lines):
        said.append("Latency and throughput here: python -m experiments.benchmark model.")
    return said


def _once(lines: Sequence[ReportLine], text: Callable[[ReportLine], str]) -> list[tuple[str, str]]:
    return [(label, said) for label, said in {x.row.label: text(x) for x in lines}.items() if said]


def _rows_by_flags(lines: Sequence[ReportLine]) -> dict[str, str]:
    labels: dict[str, list[str]] = {}
    for label, flags in _once(lines, _flags):
        labels.setdefault(flags, []).append(label)
    rows = len({line.row.label for line in lines})
    return {
        flags: "All rows" if 1 < rows == len(names) else ", ".join(names)
        for flags, names in labels.items()
    }


def _flags(line: ReportLine) -> str:
    return " or ".join(sorted({flags for one in line.results for flags in one.flags}))


def cells(line: ReportLine) -> tuple[str, ...]:
    """Write a line's columns of `HEADINGS`."""
    difference = line.difference("top1")
    return (
        line.row.label,
        line.protocol,
        _number(line.paper("top1")),
        ours(line, "top1"),
        "" if difference is None else f"{round(difference, 1) + 0.0:+.1f}",
        _number(line.paper("top5")),
        ours(line, "top5") if line.results else "",
        " ".join(str(one.seed) for one in line.results),
        _joined({f"{one.videos:,}" for one in line.results}),
        _joined({short(commit) for one in line.results for commit in one.commits}),
    )


def ours(line: ReportLine, name: str) -> str:
    """Write the mean and spread of what was measured, or how far the row is."""
    value, spread = line.ours(name), line.spread(name)
    if value is None:
        return "no result" if line.state == "finished" else line.state
    return f"{value:.1f}" if spread is None else f"{value:.1f} ± {spread:.1f}"


def short(commit: str) -> str:
    """Shorten a commit; that there were changes beside it stays visible."""
    name, dash, rest = commit.partition("-")
    return f"{name[:COMMIT_LENGTH]}{dash}{rest}"


def as_markdown(tables: Tables) -> str:
    """Write all tables as Markdown."""
    parts = ["# Results beside the papers'\n", LEGEND + "\n"]
    for grid, lines in tables:
        parts.append(f"## {grid.title}\n")
        parts.append(f"{datasets(lines)}\n")
        head = headings(lines)
        rows = [head, ("---",) * len(head), *rows_of(lines)]
        parts += [f"| {' | '.join(text.replace('|', '/') for text in row)} |" for row in rows]
        parts += ["", *(f"- {remark}" for remark in remarks(lines)), ""]
    return "\n".join(parts)


def datasets(lines: Sequence[ReportLine]) -> str:
    """Name the data sets of a table, ours and, where they are others, the paper's."""
    ours = _joined({line.row.dataset for line in lines if line.row.dataset})
    papers = _joined({line.row.figures_dataset for line in lines if not line.comparable})
    return f"{ours}; the paper's figures are of {papers}" if papers else ours


LEGEND = (
    "Accuracies in per cent; ours as mean ± standard deviation over the seeds; difference is ours "
    "minus the paper's, of the same data set. The paper's figure belongs to a row's first "
    "protocol. Quoted rows are other works' figures, which are not run."
)


def sentence(agreement: Agreement) -> str:
    """Say how far two orders agree."""
    if math.isnan(agreement.spearman):
        return f"Order of top-1 on {agreement.dataset}: none, all {agreement.rows} rows are equal"
    elsewhere = agreement.papers_dataset != agreement.dataset
    return (
        f"Order of top-1 on {agreement.dataset}, {agreement.rows} rows: Spearman "
        f"{agreement.spearman:+.2f}, Kendall {agreement.kendall:+.2f} with the paper's"
        f"{f' on {agreement.papers_dataset}' if elsewhere else ''}{_of_each_seed(agreement)}"
    )


def _of_each_seed(agreement: Agreement) -> str:
    rhos = ", ".join(f"{rho:+.2f}" for rho in agreement.by_seed)
    return f" (Spearman of each seed: {rhos})" if rhos else ""


def as_csv(tables: Tables) -> str:
    """Write all tables as CSV, a line for each row, protocol and seed, at full precision."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_HEADINGS)
    for grid, lines in tables:
        for line in lines:
            writer.writerows(_csv_rows(grid, line))
    return stream.getvalue()


def _csv_rows(grid: Grid, line: ReportLine) -> list[list[object]]:
    row = line.row
    head = [grid.paper, grid.table, row.label, row.name, row.dataset, line.state, line.protocol]
    names = ("test_top1", "params", "gflops", "views", "latency", "throughput")
    texts = [row.figures.get(name, "") for name in ("backbone", "pretrain", "frames")]
    tail = [*(_blank(line.paper(name)) for name in names), *texts, row.note]
    paper = [_blank(line.paper(name)) for name in ("top1", "top5")]
    if not line.results:
        return [[*head, "", paper[0], "", "", paper[1], "", "", "", *tail]]
    return [
        [
            *(*head, one.seed, paper[0], one.top1, _blank(line.minus_paper(one.top1, "top1"))),
            *(paper[1], one.top5, one.videos, " ".join(sorted(one.commits)), *tail),
        ]
        for one in line.results
    ]


def _blank(value: float | None) -> object:
    return "" if value is None else value


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _joined(texts: set[str]) -> str:
    return ", ".join(sorted(texts))
