"""The figures of both papers' efficiency tables are those printed."""
# ruff: noqa: RUF001 - the multiplication sign is the paper's

import pytest

from experiments.benchmark.model_rows import ROWS
from experiments.benchmark.paper_figures import (
    FIGURES,
    TEINET,
    TSI,
    figure,
    number,
    paper_ratio,
)
from experiments.grid.grid_file import find_grid, read_grid

TEINET_TABLE_2 = """\
I3D 64 35.3M 360G 165.3ms 6.1 vid/s 41.6%
ECO16f 16 47.5M 64G 30.6ms 45.6 vid/s 41.4%
TSN 8 24.3M 33G 15.5ms 81.5 vid/s 19.7%
TSM 8 24.3M 33G 17.4ms 77.4 vid/s 43.4%
TSM 16 24.3M 65G 29.0ms 39.5 vid/s 44.8%
Res50+TIM 8 24.3M 33G 20.1ms 61.6 vid/s 46.1%
TEINet 8 30.4M 33G 36.5ms 46.9 vid/s 47.4%
Res50+TIM 16 24.3M 66G 34.9ms 31.4 vid/s 48.5%
TEINet 16 30.4M 66G 49.5ms 24.2 vis/s 49.9%
"""
TSI_TABLE_5 = """\
I3D 32×3×2 153×6 6.1vid/s 41.6
ECO 16×1×1 64 45.6vid/s 41.4
TSN 8×1×1 33 81.5vid/s 19.7
TSM 8×1×1 33 77.4vid/s 45.6
TSM 16×1×1 65 39.5vid/s 47.3
STM 8×1×1 33 62.0vid/s 47.5
STM 16×1×1 66 32.0vid/s 49.8
TEINet 8×1×1 33 46.9vid/s 47.4
TEINet 16×1×1 66 24.2vid/s 49.9
TSN + CTI 8×1×1 33 61.6vid/s 48.4
TSN + CTI 16×1×1 66 31.2vid/s 51.2
our TSI 8×1×1 34 44.0vid/s 50.2
our TSI 16×1×1 68 23.7vid/s 53.3
"""


@pytest.mark.parametrize(("paper", "printed"), [(TEINET, TEINET_TABLE_2), (TSI, TSI_TABLE_5)])
def test_every_row_is_copied_as_printed(paper: str, printed: str) -> None:
    rows = [f for f in FIGURES if f.paper == paper]
    assert [" ".join(filter(None, row[2:])) for row in rows] == printed.splitlines()


@pytest.mark.parametrize(("paper", "grid"), [(TEINET, "teinet_table2"), (TSI, "tsi_table5")])
def test_the_grid_of_the_table_has_the_same_figures(paper: str, grid: str) -> None:
    columns = {"params": "parameters", "latency": "latency", "throughput": "throughput"}
    columns |= {"top1": "top1", "gflops": "flops"}
    rows = list(read_grid(find_grid(grid)).rows.values())
    for row, printed in zip(rows, [f for f in FIGURES if f.paper == paper], strict=True):
        for name, column in columns.items():
            assert row.figures.get(name) == number(getattr(printed, column)), (row.label, name)


def test_every_row_of_the_papers_is_measured_and_every_measured_one_is_the_papers() -> None:
    assert {f.row for f in FIGURES} == set(ROWS)


def test_a_figure_stands_at_the_row_with_its_frames() -> None:
    for printed in FIGURES:
        expected = 64 if (printed.paper, printed.row) == (TEINET, "i3d-32") else None
        frames = number(printed.frames)
        assert frames == (expected or ROWS[printed.row].frames)


def test_a_figure_names_its_table() -> None:
    printed = figure(TSI, "tsinet-8")
    assert printed is not None
    assert printed.table == "TSI's table 5"
    assert figure(TEINET, "tsinet-8") is None


@pytest.mark.parametrize(
    ("paper", "row", "column", "expected"),
    [
        (TEINET, "teinet-8", "throughput", 46.9 / 81.5),
        (TEINET, "teinet-16", "throughput", 24.2 / 81.5),
        (TEINET, "tim-8", "throughput", 61.6 / 81.5),
        (TSI, "tsinet-8", "throughput", 44.0 / 81.5),
        (TSI, "tsm-8", "throughput", 77.4 / 81.5),
        (TSI, "stm-8", "throughput", 62.0 / 81.5),
        (TSI, "tsn-cti-8", "throughput", 61.6 / 81.5),
        (TEINET, "teinet-8", "latency", 36.5 / 15.5),
        (TSI, "tsinet-8", "latency", None),
        (TSI, "tim-8", "throughput", None),
    ],
)
def test_ratios_are_the_papers_own(
    paper: str, row: str, column: str, expected: float | None
) -> None:
    assert paper_ratio(paper, row, "tsn-8", column) == expected
