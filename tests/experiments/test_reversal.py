"""Runs on videos shown in both directions: results, predictions, checkpoints, exact resume."""

import csv
from pathlib import Path

import pytest
import torch

from experiments.session import Run, read_metrics
from tests.conftest import Run as TinyRun
from tests.conftest import tiny_arguments
from tests.experiments.cli.test_command_line import stopped_with
from tests.experiments.runs import TWO_EPOCHS, assert_same_run
from tests.experiments.stopping import STOPPED, stop_at
from train import main

pytestmark = pytest.mark.slow

LABEL = "--data.reversal=label"
EVERY_STEP = "--last.every_n_steps=1"


def refusal(run: TinyRun, subcommand: str, *arguments: str) -> str:
    """Run a subcommand that is refused; return the message."""
    with pytest.raises(SystemExit) as error:
        run(subcommand, *arguments)
    return stopped_with(error)


def test_a_run_tests_and_predicts_every_video_in_both_directions(
    shapes_root: Path, tmp_path: Path
) -> None:
    arguments = tiny_arguments(shapes_root, tmp_path / "run")
    flags = tuple(arg for arg in arguments if not arg.startswith("--run_dir"))
    run = Run((), tmp_path / "run", ("1x1",), (*flags, LABEL), (("test", "1x1"),))
    for step in run.missing_steps():
        main(step)
    assert run.missing_steps() == []
    entry = read_metrics(run.run_dir)["test_1x1"]
    assert (entry["n_videos"], entry["n_listed"]) == (16, 16)
    assert "differs" not in entry
    rows = list(csv.DictReader((run.run_dir / "predictions" / "test_1x1.csv").open(newline="")))
    names = [row["path"] for row in rows]
    assert len(set(names)) == len(names) == 16
    assert [name.endswith(" (backwards)") for name in names] == [False, True] * 8
    assert [row["label"] for row in rows] == ["forwards", "backwards"] * 8
    table = torch.load(run.run_dir / "predictions" / "test_1x1.pt", weights_only=True)
    assert table["class_names"] == ["forwards", "backwards"]


def test_a_network_that_ignores_the_order_of_frames_is_right_for_half_of_them(
    tiny_run: TinyRun,
) -> None:
    network = ("--model.network=TSN", "--model.network.backbone=resnet18")
    run_dir = tiny_run("fit", LABEL, *network)
    tiny_run("test", LABEL, *network, "--ckpt_path=last")
    assert read_metrics(run_dir)["test_1x1"]["top1"] == 0.5


def test_a_checkpoint_of_directions_is_refused_for_classes(tiny_run: TinyRun) -> None:
    tiny_run("fit", LABEL)
    said = refusal(tiny_run, "test", "--ckpt_path=last")
    assert "class 0 is 'forwards' in the checkpoint" in said


def test_a_checkpoint_of_doubled_classes_is_refused_for_directions(tiny_run: TinyRun) -> None:
    tiny_run("fit", "--data.reversal=double")
    said = refusal(tiny_run, "test", LABEL, "--ckpt_path=last")
    assert "reversal is double in the checkpoint and label here" in said


def test_an_interrupted_fit_resumes_exactly(shapes_root: Path, tmp_path: Path) -> None:
    folders = [tmp_path / "whole", tmp_path / "stopped"]
    whole, stopped = ([*tiny_arguments(shapes_root, one), *TWO_EPOCHS, LABEL] for one in folders)
    main(["fit", *whole])
    with pytest.raises(SystemExit) as error:
        main(["fit", *stopped, EVERY_STEP, *stop_at("on_train_batch_end", 9)])
    assert stopped_with(error) == f"error: {STOPPED}"
    main(["fit", *stopped, "--ckpt_path=last"])
    assert_same_run(*folders)
