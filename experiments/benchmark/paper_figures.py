# ruff: noqa: RUF001 - the multiplication sign is the paper's
"""What the papers print of efficiency, copied as printed: TEINet's table 2 and TSI's table 5.

TEINet (AAAI 2020) measured on one Tesla P100, latency at batch 1, throughput at batch 16, without
loading data. TSI measured on one GTX 1080 Ti, single view. The rows that both tables have carry the
same throughputs in spite of that, so TSI's own rows and the TSN row that they are divided by may
come from different machines.
"""

import re
from typing import NamedTuple

TEINET = "TEINet"
TSI = "TSI"
TABLES = {TEINET: "table 2", TSI: "table 5"}
NUMBER = re.compile(r"\d+(?:\.\d+)?")


class PaperFigure(NamedTuple):
    """One printed row; empty where the table has no such column.

    Attributes:
        paper: Whose.
        row: Which row here, see `experiments.benchmark.model_rows`.
        method: As printed; TSI's table names a method once for its two rows.
        frames: As printed; TSI has frames x crops x clips.
        parameters: As printed.
        flops: As printed, of one view, and x views where TSI prints them.
        latency: As printed.
        throughput: As printed, "vis/s" too.
        top1: On Something-Something V1, in percent.
    """

    paper: str
    row: str
    method: str
    frames: str
    parameters: str
    flops: str
    latency: str
    throughput: str
    top1: str

    @property
    def table(self) -> str:
        """Where the row stands."""
        return f"{self.paper}'s {TABLES[self.paper]}"


FIGURES = tuple(
    PaperFigure(*columns)
    for columns in (
        (TEINET, "i3d-32", "I3D", "64", "35.3M", "360G", "165.3ms", "6.1 vid/s", "41.6%"),
        (TEINET, "eco-16", "ECO16f", "16", "47.5M", "64G", "30.6ms", "45.6 vid/s", "41.4%"),
        (TEINET, "tsn-8", "TSN", "8", "24.3M", "33G", "15.5ms", "81.5 vid/s", "19.7%"),
        (TEINET, "tsm-8", "TSM", "8", "24.3M", "33G", "17.4ms", "77.4 vid/s", "43.4%"),
        (TEINET, "tsm-16", "TSM", "16", "24.3M", "65G", "29.0ms", "39.5 vid/s", "44.8%"),
        (TEINET, "tim-8", "Res50+TIM", "8", "24.3M", "33G", "20.1ms", "61.6 vid/s", "46.1%"),
        (TEINET, "teinet-8", "TEINet", "8", "30.4M", "33G", "36.5ms", "46.9 vid/s", "47.4%"),
        (TEINET, "tim-16", "Res50+TIM", "16", "24.3M", "66G", "34.9ms", "31.4 vid/s", "48.5%"),
        (TEINET, "teinet-16", "TEINet", "16", "30.4M", "66G", "49.5ms", "24.2 vis/s", "49.9%"),
        (TSI, "i3d-32", "I3D", "32×3×2", "", "153×6", "", "6.1vid/s", "41.6"),
        (TSI, "eco-16", "ECO", "16×1×1", "", "64", "", "45.6vid/s", "41.4"),
        (TSI, "tsn-8", "TSN", "8×1×1", "", "33", "", "81.5vid/s", "19.7"),
        (TSI, "tsm-8", "TSM", "8×1×1", "", "33", "", "77.4vid/s", "45.6"),
        (TSI, "tsm-16", "TSM", "16×1×1", "", "65", "", "39.5vid/s", "47.3"),
        (TSI, "stm-8", "STM", "8×1×1", "", "33", "", "62.0vid/s", "47.5"),
        (TSI, "stm-16", "STM", "16×1×1", "", "66", "", "32.0vid/s", "49.8"),
        (TSI, "teinet-8", "TEINet", "8×1×1", "", "33", "", "46.9vid/s", "47.4"),
        (TSI, "teinet-16", "TEINet", "16×1×1", "", "66", "", "24.2vid/s", "49.9"),
        (TSI, "tsn-cti-8", "TSN + CTI", "8×1×1", "", "33", "", "61.6vid/s", "48.4"),
        (TSI, "tsn-cti-16", "TSN + CTI", "16×1×1", "", "66", "", "31.2vid/s", "51.2"),
        (TSI, "tsinet-8", "our TSI", "8×1×1", "", "34", "", "44.0vid/s", "50.2"),
        (TSI, "tsinet-16", "our TSI", "16×1×1", "", "68", "", "23.7vid/s", "53.3"),
    )
)
"""Paper, row, then the printed columns. Other papers' citations behind a method are left out."""


def figure(paper: str, row: str) -> PaperFigure | None:
    """Find what a paper prints of a row, None where it has none."""
    return next((f for f in FIGURES if (f.paper, f.row) == (paper, row)), None)


def number(printed: str) -> float | None:
    """Read the first number of what is printed: 46.9 of "46.9 vid/s"; None of nothing."""
    found = NUMBER.match(printed)
    return float(found.group()) if found else None


def paper_ratio(paper: str, row: str, reference: str, column: str) -> float | None:
    """Divide a paper's figure of a row by that of another; None where it prints not both.

    Args:
        paper: Whose figures.
        row: The row.
        reference: The row to divide by.
        column: ``latency`` or ``throughput``.
    """
    both = figure(paper, row), figure(paper, reference)
    values = [number(getattr(one, column)) if one else None for one in both]
    above, below = values
    return None if above is None or below is None else above / below
