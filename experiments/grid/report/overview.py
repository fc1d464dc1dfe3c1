"""The first table of a report: how well our order of each table's rows agrees with the paper's."""

import math
from collections.abc import Sequence

from experiments.grid.report.rank_agreement import Agreement
from experiments.grid.report.section import Section

TITLE = "Order of the rows"
LEGEND = (
    "Rank correlations of our top-1 with the paper's: 1 for the same order, -1 for the reversed. "
    "Brackets hold a 95 % interval, a bootstrap over test clips and seeds, where all rows have "
    "predictions of the same clips; with fewer than about five seeds it is too narrow."
)
HEADINGS = ("table", "data", "rows", "Spearman", "Kendall", "Spearman of each seed")


def overview(sections: Sequence[Section]) -> list[tuple[str, ...]]:
    """Write a line for each table and data set with enough rows, in the columns of `HEADINGS`."""
    return [
        (_name(section), *_cells(agreement))
        for section in sections
        for agreement in section.agreements
    ]


def _name(section: Section) -> str:
    grid = section.grid
    return f"{grid.paper}, table {grid.table}" if grid.paper else grid.caption


def _cells(agreement: Agreement) -> tuple[str, ...]:
    data = agreement.dataset
    if agreement.papers_dataset != data:
        data += f"; the paper's {agreement.papers_dataset}"
    if math.isnan(agreement.spearman):
        return (data, str(agreement.rows), "none: all rows are equal", "", "")
    spearman = f"{agreement.spearman:+.2f}"
    if agreement.interval is not None:
        spearman += " [{:+.2f}, {:+.2f}]".format(*agreement.interval)
    by_seed = ", ".join(f"{rho:+.2f}" for rho in agreement.by_seed)
    return (data, str(agreement.rows), spearman, f"{agreement.kendall:+.2f}", by_seed)
