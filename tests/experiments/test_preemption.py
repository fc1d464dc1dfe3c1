"""A signal saves a fit between two steps and ends it; the next start resumes."""

import multiprocessing
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments import demo
from experiments.session import read_metrics
from tests.conftest import REPOSITORY, tiny_arguments
from tests.experiments.cli.test_command_line import stopped_with
from tests.experiments.runs import TWO_EPOCHS, assert_same_run, checkpoint_of
from tests.experiments.stopping import stop_at
from train import main

pytestmark = pytest.mark.slow

RESUME = "--ckpt_path=last"
Start = Callable[..., subprocess.CompletedProcess[str]]
Fit = Callable[..., Path]


@pytest.fixture
def start(shapes_root: Path, tmp_path: Path) -> Start:
    """Run train.py fit for two epochs in a process, or two; wait for its end."""

    def run(*arguments: str, run_dir: Path = tmp_path / "run") -> subprocess.CompletedProcess[str]:
        common = [*tiny_arguments(shapes_root, run_dir), *TWO_EPOCHS]
        command = [sys.executable, "train.py", "fit", *common, *arguments]
        return subprocess.run(
            *(command,),
            cwd=REPOSITORY,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
            start_new_session=True,  # signals to its process group spare this one
        )

    return run


@pytest.fixture
def fit(shapes_root: Path, tmp_path: Path) -> Fit:
    """Fit for two epochs in this process; return the run folder."""

    def run(*arguments: str, run_dir: Path = tmp_path / "run") -> Path:
        main(["fit", *tiny_arguments(shapes_root, run_dir), *TWO_EPOCHS, *arguments])
        return run_dir

    return run


def test_sigterm_to_a_process_and_its_workers_saves_and_exits_with_143(
    start: Start, fit: Fit, tmp_path: Path
) -> None:
    workers = "--data.num_workers=2"
    stopped = start(workers, *stop_at("on_before_backward", 2, signal.SIGTERM, group=True))
    assert stopped.returncode == 143, stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert "SIGTERM: saved" in stopped.stderr
    assert checkpoint_of(tmp_path / "run")["global_step"] == 2
    assert_same_run(fit(RESUME), fit(run_dir=tmp_path / "whole"))


def test_ctrl_c_saves_prints_how_to_resume_and_exits_with_130(start: Start, tmp_path: Path) -> None:
    interrupted = start(*stop_at("on_before_backward", 3, signal.SIGINT))
    assert interrupted.returncode == 130, interrupted.stderr
    assert "Traceback" not in interrupted.stderr
    said = next(line for line in interrupted.stderr.splitlines() if "SIGINT" in line)
    _, _, command = said.partition("resume with: python ")
    assert "--ckpt_path last" in command
    program, *arguments = shlex.split(command)
    assert program == "train.py"
    main([*arguments, "--trainer.callbacks=null"])  # the run's config would send the signal again
    assert checkpoint_of(tmp_path / "run")["global_step"] == 8


def test_a_second_ctrl_c_ends_at_once_and_saves_nothing(fit: Fit, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as error:
        fit(*stop_at("on_before_backward", 2, signal.SIGINT, times=2))
    assert error.value.code == 130
    assert not (tmp_path / "run" / "checkpoints" / "last.ckpt").exists()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_test_has_the_exit_status_of_the_signal(
    fit: Fit, shapes_root: Path, number: int, status: int
) -> None:
    stop = stop_at("on_test_batch_end", 0, number)
    common = [*tiny_arguments(shapes_root, fit()), *TWO_EPOCHS, RESUME]
    with pytest.raises(SystemExit) as error:
        main(["test", *common, *stop])
    assert error.value.code == status


def test_a_signal_after_the_last_step_still_exits_with_143(fit: Fit, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as error:
        fit(*stop_at("on_train_end", 8, signal.SIGTERM))
    assert error.value.code == 143
    assert checkpoint_of(tmp_path / "run")["exact_resume"]["position"]["epochs"] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, 0])
def test_a_fit_that_ends_inside_a_validation_leaves_no_workers(fit: Fit, number: int) -> None:
    before = set(multiprocessing.active_children())  # of other tests
    with pytest.raises(SystemExit):
        fit("--data.num_workers=1", *stop_at("on_validation_batch_end", 4, number))
    assert not set(multiprocessing.active_children()) - before


def test_an_interval_in_minutes_saves_inside_epochs(fit: Fit, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        fit("--last.every_n_minutes=1e-9", *stop_at("on_before_backward", 4))
    assert checkpoint_of(tmp_path / "run")["global_step"] == 3


@pytest.mark.parametrize("argument", ["--last.every_n_minutes=0", "--last.every_n_steps=-1"])
def test_an_interval_of_zero_or_less_is_refused(fit: Fit, argument: str) -> None:
    with pytest.raises(SystemExit) as error:
        fit(argument)
    assert "must be above 0" in stopped_with(error)


TWO_PROCESSES = (
    *("--trainer.devices=2", "--trainer.strategy=ddp", "--data.batch_size=2"),
    *("--data.val_videos=9", "--ema_decay=0.9"),  # one process has one more batch to validate
)


@pytest.fixture(scope="module")
def two_processes_uninterrupted(
    shapes_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Fit in two processes; return the run folder."""
    run_dir = tmp_path_factory.mktemp("two_processes") / "run"
    common = [*tiny_arguments(shapes_root, run_dir), *TWO_EPOCHS]
    command = [sys.executable, "train.py", "fit", *common, *TWO_PROCESSES]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=300)
    return run_dir


def test_two_processes_stop_together_and_resume_exactly(
    start: Start, two_processes_uninterrupted: Path, tmp_path: Path
) -> None:
    stops = [
        stop_at("on_before_backward", 3, signal.SIGTERM, rank=1),
        stop_at("on_train_epoch_end", 4, signal.SIGTERM, rank=1),
        [*stop_at("on_validation_batch_end", 4, signal.SIGTERM, rank=0), "--data.num_workers=2"],
    ]
    for resume, stop in zip([[], [RESUME], [RESUME]], stops, strict=True):
        stopped = start(*TWO_PROCESSES, *resume, *stop)
        assert stopped.returncode == 143, stopped.stderr
        assert "Traceback" not in stopped.stderr
    resumed = start(*TWO_PROCESSES, RESUME)
    assert resumed.returncode == 0, resumed.stderr
    assert_same_run(two_processes_uninterrupted, tmp_path / "run")


def test_an_interrupted_demo_ends_with_the_metrics_of_an_uninterrupted_one(
    shapes_root: Path, tmp_path: Path
) -> None:
    def run(name: str, *stop: str) -> Path:
        sizes = [f"--data.{split}_videos=8" for split in ("train", "val", "test")]
        pixels = [f"--data.{side}=32" for side in ("video_size", "short_side", "crop_size")]
        where = [f"--run_dir={tmp_path / name}", f"--data.root={shapes_root}"]
        demo.main([*where, *sizes, *pixels, "--data.batch_size=2", *stop])
        return tmp_path / name

    with pytest.raises(SystemExit) as error:
        run("interrupted", *stop_at("on_before_backward", 6, signal.SIGTERM))
    assert error.value.code == 143
    assert not read_metrics(tmp_path / "interrupted").keys() & {"test"}
    assert read_metrics(run("interrupted")) == read_metrics(run("whole"))
