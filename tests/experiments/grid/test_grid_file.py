"""Grid files: what is read, and how mistakes are named."""

from pathlib import Path

import pytest
import yaml

from experiments.grid.grid_file import read_grid, shipped_grids
from experiments.grid.table import Grid
from lightning_modules import RunError
from tests.experiments.grid.conftest import HEAD, MakeGrid

GRIDS = {file.stem: read_grid(file) for file in shipped_grids()}


def figures(table: str, label: str) -> dict[str, object]:
    return dict(GRIDS[table].rows[label].figures)


def test_a_row_takes_from_its_grid_what_it_does_not_state(make_grid: MakeGrid) -> None:
    grid = make_grid("  A: {}\n  B: {name: Bee, base: other.yaml, protocols: [10x3]}\n")
    a, b = grid.rows.values()
    assert (a.label, a.name, a.dataset, a.protocols) == ("A", "A", "Shapes", ("1x1",))
    assert [file.name for file in a.base + b.base] == ["base.yaml", "other.yaml"]
    assert (b.name, b.protocols) == ("Bee", ("10x3",))
    assert grid.title == "Tiny, table 1a: What is tested"


def test_a_base_can_be_several_configs(make_grid: MakeGrid) -> None:
    (row,) = make_grid("  A: {base: [base.yaml, other.yaml]}\n").rows.values()
    assert [file.name for file in row.base] == ["base.yaml", "other.yaml"]


@pytest.mark.parametrize(
    ("one", "other", "named"),
    [
        ("overrides: {model.x: 1}", "overrides: {data.x: 1}", r"data\.x is not stated in A and 1"),
        ("overrides: {model.x: -1}", "overrides: {model.x: 1}", r"model\.x is -1 in A and 1 in B"),
        ("repeat_over: {model.x: [1, -2]}", "overrides: {model.x: 2}", "is -2 in A and 2 in B"),
    ],
)
def test_different_rows_never_share_a_folder(
    make_grid: MakeGrid, one: str, other: str, named: str
) -> None:
    with pytest.raises(RunError, match=rf"rows A and B would both run in .*{named}"):
        make_grid(f"  A: {{{one}}}\n  B: {{{other}}}\n")


def test_a_row_that_is_repeated_over_values_with_one_folder_is_refused(make_grid: MakeGrid) -> None:
    with pytest.raises(RunError, match=r"two different rows would run in base-x_2-seed0"):
        make_grid("  A: {repeat_over: {model.x: [2, -2]}}\n")


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "- a\n", "a: ["])
def test_a_config_that_cannot_be_read_is_named(
    make_grid: MakeGrid, tmp_path: Path, text: str
) -> None:
    (tmp_path / "wrong.yaml").write_text(text)
    with pytest.raises(RunError, match=r"wrong\.yaml: ") as error:
        make_grid("  A: {base: wrong.yaml}\n")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ("  A: {figure: {}}\n", "row A: unknown key figure"),
        ("  A: {}\n  A: {}\n", "'A' is given twice"),
        ("  A: {base: nowhere.yaml}\n", "nowhere.yaml does not exist"),
        ("  A: {figures: {top_1: 3}}\n", "unknown key top_1"),
        ("  A: {figures: {top1: high}}\n", "'high' is not a number"),
        ("  A: {figures: {top1: 119}}\n", "119 is not in per cent"),
        ("  A: {ensemble: [B]}\n", "not B"),
        ("  A: {quoted: true, overrides: {a: 1}}\n", "quoted row is not run"),
        ("  A: {repeat_over: {data.split: 3}}\n", "maps a key to a list"),
        ("  A: {protocols: []}\n", "protocols is a list"),
        ("  A: {protocols: [10x5]}\n", "row A: protocol='10x5': write"),
        (
            "  A: {}\n  B: {ensemble: [A], overrides: {a: 1}}\n",
            "give overrides there",
        ),
        ("  A: 3\n", "row A: is not a mapping"),
        ("  {}\n", "rows map labels to rows"),
    ],
)
def test_a_wrong_row_is_named(make_grid: MakeGrid, rows: str, named: str) -> None:
    with pytest.raises(RunError, match=named):
        make_grid(rows)


@pytest.mark.parametrize(
    ("head", "named"),
    [
        (HEAD + "seeds: 3\n", "unknown key seeds"),
        (HEAD.replace("paper: Tiny\n", ""), "key paper is missing"),
        (HEAD.replace("caption: What is tested\n", ""), "key caption is missing"),
        (HEAD + "baseline: B\n", "baseline: no row B is run; there are A"),
        (HEAD.replace("base: base.yaml\n", ""), "row A: needs a base"),
    ],
)
def test_a_wrong_head_is_named(make_grid: MakeGrid, head: str, named: str) -> None:
    with pytest.raises(RunError, match=named):
        make_grid("  A: {}\n", head)


def test_a_study_of_one_s_own_needs_no_paper(make_grid: MakeGrid) -> None:
    head = "caption: Which block?\nprotocols: [1x1]\nbase: base.yaml\nbaseline: A\n"
    grid = make_grid("  A: {}\n  B: {overrides: {x: 1}}\n", head)
    assert (grid.title, grid.baseline) == ("Which block?", "A")
    assert grid.predictions  # for a comparison clip by clip


def test_a_missing_grid_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"nowhere\.yaml: no such grid"):
        read_grid(tmp_path / "nowhere.yaml")


def test_every_table_of_both_papers_is_there() -> None:
    tables = {(grid.paper, grid.table) for grid in GRIDS.values()}
    teinet = {("TEINet", table) for table in ("1a", "1b", "1c", "2", "3", "4", "5", "6")}
    tsi = {("TSI", table) for table in ("1", "2", "3", "4a", "4b", "4c", "4d", "5")}
    assert tables >= teinet | tsi


@pytest.mark.parametrize(
    ("table", "rows"),
    # The rows as the papers print them; those with figures of two data sets count twice.
    [
        *(("teinet_table1a", 6), ("teinet_table1b", 4), ("teinet_table1c", 4)),
        *(("teinet_table2", 9), ("teinet_table3", 20), ("teinet_table4", 11)),
        *(("teinet_table5", 17), ("teinet_table6", 10 + 7), ("tsi_table1", 24 + 16)),
        *(("tsi_table2", 21), ("tsi_table3", 10 + 10), ("tsi_table4a", 5), ("tsi_table4b", 6)),
        *(("tsi_table4c", 7), ("tsi_table4d", 7), ("tsi_table5", 13)),
    ],
)
def test_a_table_has_all_its_rows(table: str, rows: int) -> None:
    assert len(GRIDS[table].rows) == rows


def test_figures_are_those_printed() -> None:
    assert figures("teinet_table1a", "MEM+TIM") == {"top1": 47.4, "top5": 76.6}
    assert figures("teinet_table1c", "res2-5") == {"blocks": 16, "top1": 47.4, "top5": 75.8}
    assert figures("teinet_table3", "TEINetEn-RGB")["test_top1"] == 46.1
    assert figures("tsi_table1", "TSI 16f x 30 SSV2")["top1"] == 66.1
    assert figures("tsi_table5", "TSI 8f")["throughput"] == 44.0


def test_quoted_rows_have_networks_that_are_not_implemented_here() -> None:
    for grid in GRIDS.values():
        for row in grid.rows.values():
            ours = row.name.removeprefix("Our ").startswith(("TEINet", "TSI"))
            assert not (ours and row.quoted), (grid.name, row.label)


@pytest.mark.parametrize("table", ["teinet_table2", "tsi_table5"])
def test_networks_that_the_papers_timed_are_run(table: str) -> None:
    assert not [row.label for row in GRIDS[table].rows.values() if row.quoted]


def test_ensembles_predict_the_split_that_the_tests_read() -> None:
    grids: list[Grid] = [g for g in GRIDS.values() if any(r.ensemble for r in g.rows.values())]
    assert [grid.name for grid in grids] == ["teinet_table3", "teinet_table4"]
    for grid in grids:
        base = yaml.safe_load(grid.rows["TEINet-RGB 8f"].base[0].read_text())
        assert base["data"]["class_path"].startswith("SomethingSomething")  # its test reads val
        assert grid.predict_split == "val"


REPETITION = """
rows_of: tiny
dataset: Squares
protocols: [2x1]
bases: {base.yaml: first.yaml, other.yaml: first.yaml}
"""


def repeat(original: Grid, text: str = REPETITION) -> Grid:
    file = original.file.with_name("repeated.yaml")
    file.write_text(text)
    return read_grid(file)


def test_a_table_is_repeated_on_other_data(make_grid: MakeGrid) -> None:
    original = make_grid("  A: {overrides: {x: 1}, figures: {top1: 9}}\n  B: {base: other.yaml}\n")
    grid = repeat(original)
    a, b = grid.rows.values()
    assert (grid.name, grid.title) == (
        "repeated",
        "Tiny, table 1a: What is tested, repeated on Squares",
    )
    assert (a.overrides, a.figures) == ({"x": 1}, {"top1": 9})
    assert (a.dataset, a.figures_dataset, a.protocols) == ("Squares", "Shapes", ("2x1",))
    assert not grid.predictions
    assert repeat(original, f"{REPETITION}predictions: true\n").predictions
    assert [file.name for file in a.base + b.base] == ["first.yaml", "first.yaml"]


@pytest.mark.parametrize(
    ("rows", "text", "named"),
    [
        ("  A: {}\n", REPETITION + "rows: {}\n", "unknown key rows"),
        ("  A: {}\n", REPETITION.replace("dataset: Squares\n", ""), "key dataset is missing"),
        ("  A: {}\n", REPETITION.replace("base.yaml", "lost.yaml"), r"lost\.yaml does not exist"),
        ("  A: {}\n", REPETITION.replace("of: tiny", "of: lost"), r"lost\.yaml: no such grid"),
        (
            "  A: {}\n",
            REPETITION.replace("of: tiny", "of: repeated"),
            "repeated, which has no rows of its own",
        ),
        ("  A: {base: first.yaml}\n", REPETITION, r"bases lacks first\.yaml"),
        ("  A: {quoted: true}\n", REPETITION, "row A of .* cannot be repeated"),
    ],
)
def test_a_wrong_repetition_is_named(make_grid: MakeGrid, rows: str, text: str, named: str) -> None:
    with pytest.raises(RunError, match=named):
        repeat(make_grid(rows), text)


@pytest.mark.parametrize(
    "table", ["teinet_1a", "teinet_1b", "teinet_1c", "tsi_4a", "tsi_4b", "tsi_4c", "tsi_4d"]
)
def test_every_ablation_of_both_papers_is_repeated_on_moving_shapes(table: str) -> None:
    assert list(GRIDS[f"shapes_{table}"].rows) == list(GRIDS[table.replace("_", "_table")].rows)
