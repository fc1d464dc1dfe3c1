"""Specification of `read_clip_scores`: saved predictions of a row by clip and seed."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from experiments.grid.report.clip_scores import read_clip_scores
from experiments.grid.table import Grid
from lightning_modules import RunError
from tests.experiments.grid.conftest import HEAD, MakeGrid, runs_of, write_predictions

Write = Callable[..., None]
PREDICTING = f"{HEAD}predictions: true\n"
CHOICES = {"a": [2.0, 1.0, 0.0], "b": [1.0, 2.0, 0.0], "c": [0.0, 1.0, 2.0]}


@pytest.fixture
def grid(make_grid: MakeGrid) -> Grid:
    """A row of one run, and a row of two folds."""
    return make_grid("  whole: {}\n  folds: {repeat_over: {data.fold: [1, 2]}}\n", PREDICTING)


@pytest.fixture
def write(grid: Grid, tmp_path: Path) -> Write:
    """Return a function that writes a run's predictions: clip -> label and chosen class."""

    def write_run(run_name: str, clips: dict[str, str], protocol: str = "1x1") -> None:
        labels = ["abc".index(text[0]) for text in clips.values()]
        scores = [CHOICES[text[1]] for text in clips.values()]
        file = tmp_path / "runs" / run_name / "predictions" / f"test_{protocol}.pt"
        write_predictions(file, scores, labels, list(clips))

    return write_run


def test_every_run_of_a_grid_with_predictions_saves_them(grid: Grid, tmp_path: Path) -> None:
    runs = runs_of(grid, tmp_path / "runs")
    assert {run.predictions for run in runs.values()} == {(("test", "1x1"),)}
    predicted = [
        step for run in runs.values() for step in run.missing_steps() if step[0] == "predict"
    ]
    assert len(predicted) == 3


def test_clips_are_in_the_order_of_their_paths_for_every_seed(
    grid: Grid, write: Write, tmp_path: Path
) -> None:
    write("base-seed0", {"x.mp4": "aa", "y.mp4": "ba", "z.mp4": "cc"})
    write("base-seed2", {"z.mp4": "cb", "x.mp4": "aa", "y.mp4": "bb"})
    found = read_clip_scores(grid, grid.rows["whole"], "1x1", tmp_path / "runs")
    assert found is not None
    assert (found.seeds, found.paths) == ((0, 2), ("x.mp4", "y.mp4", "z.mp4"))
    assert found.labels.tolist() == [0, 1, 2]
    assert found.correct.tolist() == [[True, False, True], [True, True, False]]


def test_the_folds_of_a_seed_make_one_training_once_all_are_there(
    grid: Grid, write: Write, tmp_path: Path
) -> None:
    write("base-fold_1-seed0", {"y.mp4": "ba"})
    write("base-fold_2-seed0", {"x.mp4": "aa"})
    write("base-fold_1-seed1", {"y.mp4": "bb"})
    found = read_clip_scores(grid, grid.rows["folds"], "1x1", tmp_path / "runs")
    assert found is not None
    assert (found.seeds, found.paths) == ((0,), ("x.mp4", "y.mp4"))
    assert found.correct.tolist() == [[True, False]]


def test_an_ensemble_has_the_added_scores_of_its_members(
    make_grid: MakeGrid, write: Write, tmp_path: Path
) -> None:
    rows = "  A: {}\n  B: {base: other.yaml}\n  AB: {ensemble: [A, B]}\n"
    grid = make_grid(rows, PREDICTING)
    write("base-seed0", {"x.mp4": "aa", "y.mp4": "bc"})
    assert read_clip_scores(grid, grid.rows["AB"], "1x1", tmp_path / "runs") is None
    write("other-seed0", {"y.mp4": "bb", "x.mp4": "ab"})
    found = read_clip_scores(grid, grid.rows["AB"], "1x1", tmp_path / "runs")
    assert found is not None
    assert found.scores.tolist() == [[[3.0, 3.0, 0.0], [1.0, 3.0, 2.0]]]


def test_without_predictions_there_is_nothing(grid: Grid, write: Write, tmp_path: Path) -> None:
    write("base-seed0", {"x.mp4": "aa"}, protocol="2x3")
    assert read_clip_scores(grid, grid.rows["whole"], "1x1", tmp_path / "runs") is None


def test_a_forced_choice_keeps_the_clips_and_scores_of_its_classes(
    grid: Grid, write: Write, tmp_path: Path
) -> None:
    write("base-seed0", {"w.mp4": "cb", "x.mp4": "ab", "y.mp4": "bb", "z.mp4": "cc"})
    found = read_clip_scores(grid, grid.rows["whole"], "1x1", tmp_path / "runs")
    assert found is not None
    pair = found.within(["c", "a"])
    assert (pair.paths, pair.labels.tolist()) == (("w.mp4", "x.mp4", "z.mp4"), [0, 1, 0])
    assert torch.equal(pair.scores, torch.tensor([[[0.0, 1.0], [0.0, 1.0], [2.0, 0.0]]]))
    with pytest.raises(RunError, match="no class 'd'; there are a, b, c"):
        found.within(["a", "d"])


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ({"base-seed0": {"x": "aa"}, "base-seed1": {"y": "aa"}}, "seed 1 predicted other clips"),
        ({"base-seed0": {"x": "aa"}, "base-seed1": {"x": "ba"}}, "seed 1 predicted other clips"),
        ({"base-fold_1-seed0": {"x": "aa"}, "base-fold_2-seed0": {"x": "aa"}}, "two of its runs"),
    ],
)
def test_predictions_that_cannot_be_paired_are_refused(
    runs: dict[str, dict[str, str]], message: str, grid: Grid, write: Write, tmp_path: Path
) -> None:
    for name, clips in runs.items():
        write(name, clips)
    row = grid.rows["folds" if "fold" in next(iter(runs)) else "whole"]
    with pytest.raises(RunError, match=message):
        read_clip_scores(grid, row, "1x1", tmp_path / "runs")
