"""python -m experiments.grid: rows of a base experiment, run once, tabulated."""

import sys
from pathlib import Path

import pytest

from experiments import grid
from experiments.grid import read_grid
from lightning_modules import RunError
from tests.conftest import TINY_SHAPES


def write_grid(folder: Path, text: str) -> Path:
    (folder / "grids").mkdir()
    (folder / "base.yaml").write_text("model: {network: {class_path: TSN}}\n")
    file = folder / "grids" / "tiny.yaml"
    file.write_text(text)
    return file


GRID = "base: base.yaml\nprotocols: [1x1]\nrows:\n  A: {}\n  B: {model.network: TSM}\n"


def test_a_row_becomes_arguments(tmp_path: Path) -> None:
    overrides = read_grid(write_grid(tmp_path, GRID)).overrides("B", seed=3)
    assert overrides == ["--model.network=TSM", "--seed_everything=3"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (GRID + "row: 1", "base, protocols, rows"),
        (GRID + "base: other.yaml", "'base' is given twice"),
        (GRID.replace("base.yaml", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_a_wrong_grid_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(RunError, match=named):
        read_grid(write_grid(tmp_path, text))


def test_a_missing_grid_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"nowhere\.yaml"):
        read_grid(tmp_path / "nowhere.yaml")


def test_rows_run_once_and_end_in_a_table(
    tmp_path: Path, shapes_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_grid(tmp_path, GRID)
    arguments = [
        *("run", str(file), "--runs", str(tmp_path / "runs"), *TINY_SHAPES),
        *(f"--data.root={shapes_root}", "--model.network.backbone=resnet18"),
        *("--trainer.max_epochs=1", "--trainer.accelerator=cpu"),
    ]
    grid.main(arguments)
    table = (tmp_path / "runs" / "table.md").read_text()
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == ["| A", "| B"]
    # A second call finds everything done: nothing may train or test again.
    monkeypatch.setattr("experiments.session.main", lambda args: sys.exit("ran again"))
    grid.main(arguments)
    assert (tmp_path / "runs" / "table.md").read_text() == table
