"""Grids without training: a program in place of train.py, and grids for it."""

import json
import sys
from pathlib import Path
from typing import Protocol

import pytest
import torch

from experiments.grid import commands, local_launcher, task
from experiments.grid.grid_file import read_grid
from experiments.grid.runs import expand
from experiments.grid.table import Grid
from experiments.session import Run


class MakeGrid(Protocol):
    """Writes and reads a grid of rows."""

    def __call__(self, rows: str, head: str = ...) -> Grid:
        """Make it."""


HEAD = """
paper: Tiny
table: 1a
caption: What is tested
dataset: Shapes
base: base.yaml
protocols: [1x1]
"""

TRAIN = '''
"""Writes the files that train.py would write; fails or hangs as its arguments ask."""
import json, sys, time
from pathlib import Path

command, options = sys.argv[1], dict(a.lstrip("-").split("=", 1) for a in sys.argv[2:])
run = Path(options["run_dir"])
(run / "checkpoints").mkdir(parents=True, exist_ok=True)
with (run / "calls.txt").open("a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
if options.get("fail") == command:
    sys.exit("error: out of luck")
if options.get("hang") == command and not (run / "hung").exists():
    (run / "hung").touch()
    Path(options["ready"]).write_text("hangs")
    time.sleep(600)
file = run / "metrics.json"
known = json.loads(file.read_text()) if file.exists() else {}
if command == "fit":
    (run / "checkpoints" / "last.ckpt").touch()
    file.write_text(json.dumps({**known, "train": {"n_videos": 8}}))
if command == "test":
    name = "test_" + options["data.protocol"]
    known[name] = {"top1": 0.5, "top5": 0.75, "n_videos": 8, "commit": "abc"}
    file.write_text(json.dumps(known))
if command == "predict":
    folder = run / "predictions"
    folder.mkdir(exist_ok=True)
    stem = options["data.predict_split"] + "_" + options["data.protocol"]
    (folder / (stem + ".pt")).touch()
'''


@pytest.fixture
def make_grid(tmp_path: Path) -> MakeGrid:
    """Write and read a grid; its configs are base.yaml, other.yaml and first.yaml."""
    (tmp_path / "grids").mkdir()
    for name in ("base", "other", "first"):
        (tmp_path / f"{name}.yaml").write_text("data: MovingShapes\nmodel: {network: TSN}\n")

    def make(rows: str, head: str = HEAD) -> Grid:
        file = tmp_path / "grids" / "tiny.yaml"
        file.write_text(f"{head}rows:\n{rows}")
        return read_grid(file)

    return make


@pytest.fixture
def checked_fake_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in place of train.py; rows are checked first, as for train.py."""
    file = tmp_path / "fake_train.py"
    file.write_text(TRAIN)
    monkeypatch.setattr(task, "PROGRAM", (sys.executable, str(file)))
    monkeypatch.setattr(local_launcher, "visible_gpus", list)
    return file


@pytest.fixture
def fake_train(checked_fake_train: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in place of train.py, for rows that are no real experiments."""
    monkeypatch.setattr(commands, "refuse_wrong_rows", lambda *arguments: None)
    return checked_fake_train


def runs_of(grid: Grid, runs: Path, *extra: str, seeds: tuple[int, ...] = (0,)) -> dict[str, Run]:
    """Expand all rows of a grid."""
    return expand([(grid, list(grid.rows))], seeds, runs, extra)


def calls_of(runs: Path, name: str) -> list[str]:
    """List the subcommands that a run was given."""
    lines = (runs / name / "calls.txt").read_text().splitlines()
    return [line.split()[0] + " last" * ("--ckpt_path=last" in line) for line in lines]


def write_result(run_dir: Path, top1: float, protocol: str = "1x1", top5: float = 0.9) -> None:
    """Write the files of a finished run."""
    (run_dir / "checkpoints").mkdir(parents=True, exist_ok=True)
    (run_dir / "checkpoints" / "last.ckpt").touch()
    entry = {"top1": top1, "top5": top5, "n_videos": 1000, "commit": "0123456789abcdef-dirty"}
    results = {"train": {"n_videos": 8}, f"test_{protocol}": entry}
    (run_dir / "metrics.json").write_text(json.dumps(results))


def write_predictions(
    file: Path, scores: list[list[float]], labels: list[int], paths: list[str] | None = None
) -> Path:
    """Write a prediction file of the classes a, b, c, ..."""
    table = {
        "paths": paths or [f"{number}.mp4" for number in range(len(labels))],
        "labels": torch.tensor(labels),
        "scores": torch.tensor(scores),
        "class_names": list("abcdefgh"[: len(scores[0])]),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(table, file)
    return file
