"""On SLURM: SIGUSR1 saves, requeues once and ends; only the same job resumes unasked."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import tiny_arguments
from tests.experiments.cli.test_command_line import stopped_with
from tests.experiments.runs import TWO_EPOCHS, assert_same_training, checkpoint_of
from tests.experiments.stopping import stop_at
from train import main

Fit = Callable[..., Path]
CALLS = "scontrol.log"
RANKS = {"SLURM_NTASKS": "1", "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0"}


@pytest.fixture
def fit(shapes_root: Path, tmp_path: Path) -> Fit:
    """Fit for two epochs; return the run folder."""

    def run(*arguments: str, run_dir: Path = tmp_path / "run") -> Path:
        main(["fit", *tiny_arguments(shapes_root, run_dir), *TWO_EPOCHS, *arguments])
        return run_dir

    return run


@pytest.fixture
def whole(fit: Fit, tmp_path: Path) -> Path:
    """Fit outside SLURM, uninterrupted."""
    return fit(run_dir=tmp_path / "whole")


@pytest.fixture
def job(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that sets a SLURM job's environment and a scontrol that logs calls."""
    program = tmp_path / "bin" / "scontrol"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path / CALLS}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")

    def become(job_id: str, restarts: int = 0, **others: str) -> None:
        environment = {**RANKS, "SLURM_JOB_ID": job_id, "SLURM_JOB_NAME": "train", **others}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        if restarts:
            monkeypatch.setenv("SLURM_RESTART_COUNT", str(restarts))

    return become


def preempted(fit: Fit, number: int) -> None:
    with pytest.raises(SystemExit) as error:
        fit(*stop_at("on_before_backward", 3, number))
    assert error.value.code == 143


def test_sigusr1_requeues_once_and_the_same_command_resumes_exactly(
    fit: Fit, whole: Path, job: Callable[..., None], tmp_path: Path
) -> None:
    job("77")
    preempted(fit, signal.SIGUSR1)
    assert (tmp_path / CALLS).read_text() == "requeue 77\n"
    assert checkpoint_of(tmp_path / "run")["global_step"] == 3
    assert not list(tmp_path.rglob("hpc_ckpt*"))
    job("77", restarts=1)
    assert_same_training(whole, fit())
    assert (tmp_path / CALLS).read_text() == "requeue 77\n"


def test_a_task_of_a_job_array_is_requeued_by_its_own_id(
    fit: Fit, job: Callable[..., None], tmp_path: Path
) -> None:
    job("78", SLURM_ARRAY_JOB_ID="70", SLURM_ARRAY_TASK_ID="8")
    preempted(fit, signal.SIGUSR1)
    assert (tmp_path / CALLS).read_text() == "requeue 70_8\n"


def test_sigterm_does_not_requeue(fit: Fit, job: Callable[..., None], tmp_path: Path) -> None:
    job("77")
    preempted(fit, signal.SIGTERM)
    assert not (tmp_path / CALLS).exists()
    job("77", restarts=1)
    assert checkpoint_of(fit())["global_step"] == 8


def test_a_failing_scontrol_gives_a_warning_after_saving(
    fit: Fit, job: Callable[..., None], tmp_path: Path
) -> None:
    job("77")
    (tmp_path / "bin" / "scontrol").write_text("#!/bin/sh\necho no such job >&2\nexit 1\n")
    with pytest.warns(UserWarning, match="could not be requeued: no such job"):
        preempted(fit, signal.SIGUSR1)
    assert checkpoint_of(tmp_path / "run")["global_step"] == 3


@pytest.mark.parametrize(("job_id", "restarts"), [("88", 1), ("77", 0)])
def test_another_job_or_fit_never_resumes_a_run_unasked(
    fit: Fit, job: Callable[..., None], job_id: str, restarts: int
) -> None:
    job("77")
    preempted(fit, signal.SIGUSR1)
    job(job_id, restarts)
    with pytest.raises(SystemExit) as error:
        fit()
    assert "already holds a run" in stopped_with(error)


def test_a_new_run_beside_an_old_hpc_checkpoint_starts_at_step_0(
    fit: Fit, whole: Path, job: Callable[..., None], tmp_path: Path
) -> None:
    job("77")
    for folder in (tmp_path, tmp_path / "run"):
        folder.mkdir(exist_ok=True)
        shutil.copy(whole / "checkpoints" / "last.ckpt", folder / "hpc_ckpt_1.ckpt")
    with pytest.raises(SystemExit):
        fit(*stop_at("on_before_backward", 3, signal.SIGTERM))
    assert checkpoint_of(tmp_path / "run")["global_step"] == 3
