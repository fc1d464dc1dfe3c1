"""Rows become runs, each once, whichever tables show it."""

from dataclasses import replace
from pathlib import Path

import pytest

from experiments.grid.grid_file import find_grid, read_grid
from experiments.grid.runs import expand
from lightning_modules import RunError
from tests.experiments.grid.conftest import MakeGrid, runs_of


def test_a_row_becomes_arguments_and_a_folder(make_grid: MakeGrid) -> None:
    grid = make_grid("  A: {overrides: {model.network: TSM, model.network.stages: res2-5}}\n")
    (run,) = runs_of(grid, Path("runs"), "--trainer.devices", "2", seeds=(3,)).values()
    assert run.name == "base-network_tsm-stages_res2_5-seed3"
    assert run.run_dir == Path("runs") / run.name
    assert run.common_arguments()[1:] == [
        f"--run_dir={run.run_dir}",
        *("--model.network=TSM", "--model.network.stages=res2-5", "--seed_everything=3"),
        *("--trainer.devices", "2"),
    ]


def test_rows_with_the_same_training_share_its_run(make_grid: MakeGrid) -> None:
    grid = make_grid("  A: {}\n  B: {protocols: [10x3]}\n  C: {protocols: [10x3, 1x1]}\n")
    (run,) = runs_of(grid, Path("runs")).values()
    assert run.protocols == ("1x1", "10x3")


def test_an_ensemble_s_members_predict_under_its_protocols(make_grid: MakeGrid) -> None:
    rows = "  A: {}\n  B: {base: other.yaml}\n  AB: {ensemble: [A, B], protocols: [2x1]}\n"
    a, b = runs_of(make_grid(rows), Path("runs")).values()
    assert a.predictions == b.predictions == (("test", "2x1"),)
    assert a.protocols == ("1x1",)


def test_a_row_is_repeated_over_splits_and_starts_from_a_pretraining(make_grid: MakeGrid) -> None:
    rows = "  A: {pretrain: first.yaml, repeat_over: {data.split: [1, 2, 3]}}\n"
    runs = runs_of(make_grid(rows), Path("runs"), "--model.network.weights=imagenet.pth")
    assert list(runs) == [
        "first-seed0",
        *(f"base-split_{split}-from_first-seed0" for split in (1, 2, 3)),
    ]
    last = runs["base-split_3-from_first-seed0"]
    assert last.pretraining == runs["first-seed0"].run_dir
    assert "--data.split=3" in last.overrides
    weights = "--model.network.weights=runs/first-seed0/checkpoints/last.ckpt"
    assert last.common_arguments()[-1] == weights  # after whatever weights the user names
    assert runs["first-seed0"].protocols == ("1x1",)


def test_quoted_rows_are_not_run(make_grid: MakeGrid) -> None:
    assert runs_of(make_grid("  A: {quoted: true}\n"), Path("runs")) == {}


def test_rows_of_two_grids_with_the_same_folder_are_refused(
    make_grid: MakeGrid, tmp_path: Path
) -> None:
    one = make_grid("  A: {}\n")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "base.yaml").write_text("model: {network: TSM}\ndata: MovingShapes\n")
    other = replace(one, rows={"B": replace(one.rows["A"], base=(tmp_path / "two" / "base.yaml",))})
    with pytest.raises(RunError, match=r"two different rows would run in runs/base-seed0.*network"):
        expand([(one, ["A"]), (other, ["B"])], [0], Path("runs"))


def test_grids_whose_configs_state_the_same_share_a_run(
    make_grid: MakeGrid, tmp_path: Path
) -> None:
    one = make_grid("  A: {}\n")
    (tmp_path / "two").mkdir()
    text = "# The same.\nmodel: {network: TSN}\ndata: MovingShapes\n"
    (tmp_path / "two" / "base.yaml").write_text(text)
    other = replace(one, rows={"B": replace(one.rows["A"], base=(tmp_path / "two" / "base.yaml",))})
    assert list(expand([(one, ["A"]), (other, ["B"])], [0], Path("runs"))) == ["base-seed0"]


@pytest.mark.parametrize("argument", ["--run_dir=a", "--seed_everything", "--ckpt_path=best"])
def test_flags_that_each_run_sets_itself_are_refused(make_grid: MakeGrid, argument: str) -> None:
    with pytest.raises(RunError, match=argument):
        runs_of(make_grid("  A: {}\n"), Path("runs"), argument)


def test_tables_share_the_papers_own_networks() -> None:
    names = ("teinet_table1a", "teinet_table1c", "teinet_table2", "teinet_table3", "tsi_table5")
    grids = [read_grid(find_grid(name)) for name in names]
    runs = expand([(grid, list(grid.rows)) for grid in grids], [0], Path("runs"))
    run = runs["teinet_r50_8f_sthv1-seed0"]
    assert run.protocols == ("1x1", "10x3")
    assert run.predictions == (("val", "1x1"),)
