"""Tables of a report as CSV."""

import csv
import io
import math
from collections.abc import Sequence

from experiments.grid.report.section import Section
from experiments.grid.report.study_columns import COSTS, settings
from experiments.grid.results import ReportLine
from experiments.grid.table import Grid

HEADINGS = (
    *("paper", "table", "row", "name", "dataset", "state", "protocol", "seed"),
    *("paper_top1", "ours_top1", "difference", "paper_top5", "ours_top5", "videos", "commit"),
    *("paper_test_top1", "paper_params", "paper_gflops", "paper_views"),
    *("paper_latency", "paper_throughput", "backbone", "pretrain", "frames", "note"),
    *("baseline", "minus_baseline", "low", "high", "paired", "settings"),
    *COSTS.values(),
)


def as_csv(sections: Sequence[Section]) -> str:
    """Write all tables as CSV, a line for each row, protocol and seed, at full precision."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADINGS)
    for section in sections:
        for line in section.lines:
            writer.writerows([*row, *_study(section, line)] for row in _rows(section.grid, line))
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
            *(paper[1], _cell(one.top5), one.videos, " ".join(sorted(one.commits)), *tail),
        ]
        for one in line.results
    ]


def _study(section: Section, line: ReportLine) -> list[object]:
    """Write a row's comparison with the baseline, its settings and its costs."""
    if not section.is_study:
        return [""] * (6 + len(COSTS))
    compared = section.comparisons.get((line.row.label, line.protocol))
    numbers: list[object] = ["", "", "", ""]
    if compared is not None:
        found = compared.difference
        ends = ["" if math.isnan(end) else end for end in (found.low, found.high)]
        numbers = [found.mean, *ends, compared.paired]
    costs = section.costs.get(line.row.label)
    values = [_cell(getattr(costs, name)) if costs else "" for name in COSTS.values()]
    return [section.grid.baseline, *numbers, settings(section, line), *values]


def _cell(value: float | None) -> object:
    return "" if value is None else value
