"""Tables of a report as CSV."""

import csv
import io

from experiments.grid.grid_file import Grid
from experiments.grid.report.tables import Tables
from experiments.grid.results import ReportLine

HEADINGS = (
    *("paper", "table", "row", "name", "dataset", "state", "protocol", "seed"),
    *("paper_top1", "ours_top1", "difference", "paper_top5", "ours_top5", "videos", "commit"),
    *("paper_test_top1", "paper_params", "paper_gflops", "paper_views"),
    *("paper_latency", "paper_throughput", "backbone", "pretrain", "frames", "note"),
)


def as_csv(tables: Tables) -> str:
    """Write all tables as CSV, a line for each row, protocol and seed, at full precision."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADINGS)
    for grid, lines in tables:
        for line in lines:
            writer.writerows(_rows(grid, line))
    return stream.getvalue()


def _rows(grid: Grid, line: ReportLine) -> list[list[object]]:
    row = line.row
    head = [grid.paper, grid.table, row.label, row.name, row.dataset, line.state, line.protocol]
    names = ("test_top1", "params", "gflops", "views", "latency", "throughput")
    texts = [row.figures.get(name, "") for name in ("backbone", "pretrain", "frames")]
    tail = [*(_cell(line.paper(name)) for name in names), *texts, row.note]
    paper = [_cell(line.paper(name)) for name in ("top1", "top5")]
    if not line.results:
        return [[*head, "", paper[0], "", "", paper[1], "", "", "", *tail]]
    return [
        [
            *(*head, one.seed, paper[0], one.top1, _cell(line.minus_paper(one.top1, "top1"))),
            *(paper[1], one.top5, one.videos, " ".join(sorted(one.commits)), *tail),
        ]
        for one in line.results
    ]


def _cell(value: float | None) -> object:
    return "" if value is None else value
