"""The figures of both papers' efficiency tables are those printed."""

import pytest

from experiments.benchmark.model_rows import ROWS
from experiments.benchmark.paper_figures import TEINET, TSI, PaperTable

TEINET_TABLE_2 = """\
I3D 64 35.3M 360G 165.3ms 6.1 vid/s 41.6%
ECO 16f 16 47.5M 64G 30.6ms 45.6 vid/s 41.4%
TSN 8 24.3M 33G 15.5ms 81.5 vid/s 19.7%
TSM 8 24.3M 33G 17.4ms 77.4 vid/s 43.4%
TSM 16 24.3M 65G 29.0ms 39.5 vid/s 44.8%
Res50+TIM 8 24.3M 33G 20.1ms 61.6 vid/s 46.1%
TEINet 8 30.4M 33G 36.5ms 46.9 vid/s 47.4%
Res50+TIM 16 24.3M 66G 34.9ms 31.4 vid/s 48.5%
TEINet 16 30.4M 66G 49.5ms 24.2 vid/s 49.9%
"""
TSI_TABLE_5 = """\
I3D 32x3x2 153x6 6.1vid/s 41.6
ECO 16x1x1 64 45.6vid/s 41.4
TSN 8x1x1 33 81.5vid/s 19.7
TSM 8x1x1 33 77.4vid/s 45.6
TSM 16x1x1 65 39.5vid/s 47.3
STM 8x1x1 33 62.0vid/s 47.5
STM 16x1x1 66 32.0vid/s 49.8
TEINet 8x1x1 33 46.9vid/s 47.4
TEINet 16x1x1 66 24.2vid/s 49.9
TSN + CTI 8x1x1 33 61.6vid/s 48.4
TSN + CTI 16x1x1 66 31.2vid/s 51.2
our TSI 8x1x1 34 44.0vid/s 50.2
our TSI 16x1x1 68 23.7vid/s 53.3
"""


def test_every_row_of_teinet_s_table_2_has_the_printed_figures() -> None:
    form = "{frames} {params}M {gflops}G {latency}ms {throughput} vid/s {top1}%"
    lines = [f"{row.name} {form.format(**row.figures)}" for row in TEINET.grid.rows.values()]
    assert lines == TEINET_TABLE_2.splitlines()


def test_every_row_of_tsi_s_table_5_has_the_printed_figures() -> None:
    lines = []
    for row in TSI.grid.rows.values():
        views = f"x{row.figures['views']}" if "views" in row.figures else ""
        form = f"{{frames}} {{gflops}}{views} {{throughput}}vid/s {{top1}}"
        lines.append(f"{row.name} {form.format(**row.figures)}")
    assert lines == TSI_TABLE_5.splitlines()


def test_every_row_of_the_papers_is_measured_and_every_measured_one_is_the_papers() -> None:
    found = {paper: [row for name in ROWS if (row := paper.row(name))] for paper in (TEINET, TSI)}
    for paper, rows in found.items():
        assert sorted(row.label for row in rows) == sorted(paper.grid.rows)
    ours_alone = [name for name in ROWS if not (TEINET.row(name) or TSI.row(name))]
    assert ours_alone == ["torchvision-8"]


def test_a_figure_belongs_to_the_row_with_its_frames() -> None:
    for paper in (TEINET, TSI):
        for name, row in ROWS.items():
            if printed := paper.row(name):
                expected = 64 if (paper, name) == (TEINET, "i3d-32") else row.frames
                assert printed.figures["frames"].partition("x")[0] == str(expected)


def test_a_cost_is_written_as_printed() -> None:
    assert TEINET.cost("teinet-8") == "30.4M, 33G"
    assert TSI.cost("teinet-8") == "33"
    assert TSI.cost("i3d-32") == "153\N{MULTIPLICATION SIGN}6"
    assert TEINET.cost("tsinet-8") == ""


def test_a_figure_names_its_table() -> None:
    printed = TSI.as_dict("tsinet-8", "tsn-8")
    assert printed == {
        **{"paper": "TSI", "table": "table 5", "row": "tsinet-8", "method": "our TSI"},
        **{"frames": "8x1x1", "gflops": 34, "throughput": 44.0, "top1": 50.2},
        **{"latency_ratio_to_tsn_8": None, "throughput_ratio_to_tsn_8": 44.0 / 81.5},
    }
    assert TEINET.as_dict("tsinet-8", "tsn-8") is None


@pytest.mark.parametrize(
    ("paper", "row", "figure", "expected"),
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
    paper: PaperTable, row: str, figure: str, expected: float | None
) -> None:
    assert paper.ratio(row, "tsn-8", figure) == expected
