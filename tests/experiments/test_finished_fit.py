"""A fit that has ended stays as it is, whatever ended it; only a raised limit continues it."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import tiny_arguments
from tests.experiments.runs import SMALL_NETWORK, checkpoint_of, curves_of
from train import main

pytestmark = pytest.mark.slow

Go = Callable[..., Path]
RESUME = "--ckpt_path=last"
EARLY = (
    "--trainer.callbacks+=tests.experiments.own_metric.OwnMetric",
    "--trainer.callbacks+=pytorch_lightning.callbacks.EarlyStopping",
    *("--trainer.callbacks.monitor=val/own", "--trainer.callbacks.mode=max"),
)
"""Stops after the epochs of the patience, because the value only falls."""

ENDS = {
    "early-stopping": ((*EARLY, "--trainer.callbacks.patience=1", "--trainer.max_epochs=5"), 8),
    "early-stopping-after-min-epochs": (
        (*EARLY, "--trainer.callbacks.patience=1", "--trainer.min_epochs=3"),
        12,
    ),
    "max-epochs": (("--trainer.max_epochs=2",), 8),
    "max-steps": (("--trainer.max_epochs=5", "--trainer.max_steps=6"), 6),
    "max-time": (("--trainer.max_epochs=5", "--trainer.max_time={microseconds: 1}"), 1),
}
"""What ends a fit -> its arguments, and the step at which it ends."""


@pytest.fixture
def go(shapes_root: Path, tmp_path: Path) -> Go:
    """Run a subcommand of train.py; give back the run folder."""

    def run(subcommand: str, *arguments: str) -> Path:
        common = [*tiny_arguments(shapes_root, tmp_path / "run"), "--trainer.max_epochs=5"]
        main([subcommand, *common, SMALL_NETWORK, *arguments])
        return tmp_path / "run"

    return run


@pytest.mark.parametrize("end", ENDS)
def test_resuming_a_finished_fit_trains_nothing_and_keeps_its_results(
    go: Go, end: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    arguments, steps = ENDS[end]
    run_dir = go("fit", *arguments)
    go("test", RESUME)
    files = [run_dir / name for name in ("metrics.json", "checkpoints/last.ckpt", "config.yaml")]
    before, curves = [file.read_bytes() for file in files], curves_of(run_dir)
    for _ in range(2):
        caplog.clear()
        go("fit", *arguments, RESUME)
        assert f"nothing to train: the fit ended at step {steps}" in caplog.text
    assert [file.read_bytes() for file in files] == before
    assert curves_of(run_dir) == curves


def test_an_extended_fit_is_finished_for_the_run_s_first_config_too(
    go: Go, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    run_dir = go("fit", "--trainer.max_epochs=1")
    go("fit", "--trainer.max_epochs=2", RESUME)
    before = checkpoint_of(run_dir)["global_step"]
    go("fit", "--trainer.max_epochs=1", RESUME)
    assert "has 2 epochs, trainer.max_epochs is 1: raise it to train more" in caplog.text
    assert "nothing to train: the fit ended at step 8" in caplog.text
    assert checkpoint_of(run_dir)["global_step"] == before


@pytest.mark.parametrize(
    ("end", "raised", "steps"),
    [
        ("max-epochs", ("--trainer.max_epochs=3",), 12),
        ("max-steps", ("--trainer.max_steps=9",), 9),
        ("early-stopping", ("--trainer.callbacks.patience=2",), 12),
        ("early-stopping", ("--trainer.max_epochs=6",), 12),
        ("early-stopping", ("--trainer.callbacks=null",), 20),
    ],
)
def test_a_raised_limit_continues_a_finished_fit_and_removes_its_tests(
    go: Go, end: str, raised: tuple[str, ...], steps: int
) -> None:
    arguments, _ = ENDS[end]
    run_dir = go("fit", *arguments)
    go("test", RESUME)
    go("fit", *arguments, *raised, RESUME)
    assert checkpoint_of(run_dir)["global_step"] == steps
    assert json.loads((run_dir / "metrics.json").read_text()).keys() == {"train", "val"}


def test_a_lower_limit_does_not_continue_it(go: Go) -> None:
    arguments, steps = ENDS["early-stopping"]
    run_dir = go("fit", *arguments)
    go("fit", *arguments, "--trainer.max_epochs=4", RESUME)
    assert checkpoint_of(run_dir)["global_step"] == steps
