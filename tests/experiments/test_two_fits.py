"""One fit at a time writes into a run folder; the next one understands how the last one ended."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from experiments.session import read_metrics
from tests.conftest import REPOSITORY, tiny_arguments
from tests.experiments.cli.test_command_line import stopped_with
from tests.experiments.runs import SMALL_NETWORK, TWO_EPOCHS, assert_same_training, checkpoint_of
from tests.experiments.stopping import stop_at
from tests.experiments.waiting import wait_at
from train import main

pytestmark = pytest.mark.slow

RESUME = "--ckpt_path=last"
Process = subprocess.Popen[str]
Start = Callable[..., Process]


@pytest.fixture
def pipes(tmp_path: Path) -> Path:
    """A folder with the pipes of `WaitAt`."""
    folder = tmp_path / "pipes"
    folder.mkdir()
    for name in ("here", "go"):
        os.mkfifo(folder / name)
    return folder


@pytest.fixture
def start(shapes_root: Path, tmp_path: Path) -> Iterator[Start]:
    """Start train.py fit for two epochs in a process of its own."""
    started: list[Process] = []

    def run(*arguments: str) -> Process:
        common = [*tiny_arguments(shapes_root, tmp_path / "run"), *TWO_EPOCHS]
        process = subprocess.Popen(
            [sys.executable, "train.py", "fit", *common, *arguments],
            cwd=REPOSITORY,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


@pytest.fixture
def fit(shapes_root: Path, tmp_path: Path) -> Callable[..., Path]:
    """Fit for two epochs in this process; give back the run folder."""

    def run(*arguments: str, run_dir: Path = tmp_path / "run") -> Path:
        main(["fit", *tiny_arguments(shapes_root, run_dir), *TWO_EPOCHS, *arguments])
        return run_dir

    return run


def lets_go(pipes: Path) -> None:
    """Let a fit that waits go on."""
    (pipes / "go").write_text("go")


def waits(pipes: Path) -> None:
    """Wait until a fit waits."""
    (pipes / "here").read_text()


def claim_of(run_dir: Path) -> Path:
    """Name the file that says who holds a run folder."""
    return run_dir / "claim.json"


def with_holder(run_dir: Path, **changes: Any) -> None:
    """Change who holds a run folder."""
    holder = json.loads(claim_of(run_dir).read_text())
    claim_of(run_dir).write_text(json.dumps({**holder, **changes}))


@pytest.mark.parametrize("attempt", range(2))
def test_of_two_fits_that_are_started_together_one_wins_and_the_other_ends_with_one_line(
    attempt: int, start: Start, fit: Callable[..., Path], pipes: Path, tmp_path: Path
) -> None:
    both = [start(*wait_at("on_train_start", pipes), f"--data.batch_size={2 * n}") for n in (1, 2)]
    waits(pipes)
    with ThreadPoolExecutor() as pool:
        ends = {pool.submit(process.communicate): process for process in both}
        first = next(iter(wait(ends, return_when=FIRST_COMPLETED).done))
        lets_go(pipes)
    loser, said = ends[first], first.result()[1]
    (winner,) = (process for process in both if process is not loser)
    assert (winner.returncode, loser.returncode) == (0, 1)
    lines = [line for line in said.splitlines() if "another fit holds this folder" in line]
    assert len(lines) == 1
    assert lines == [line for line in said.splitlines() if "rror" in line]
    assert f"process {winner.pid} on {socket.gethostname()}" in lines[0]
    size = 2 * (1 + both.index(winner))
    whole = fit(f"--data.batch_size={size}", run_dir=tmp_path / "whole")
    assert_same_training(tmp_path / "run", whole)
    assert not claim_of(tmp_path / "run").exists()
    assert f"batch_size: {size}\n" in (tmp_path / "run" / "config.yaml").read_text()


@pytest.mark.parametrize("resumes", [True, False])
def test_a_fit_that_is_resumed_beside_the_running_one_is_refused(
    resumes: bool, start: Start, fit: Callable[..., Path], pipes: Path, tmp_path: Path
) -> None:
    running = start(*wait_at("on_before_backward", pipes, batches=6))
    waits(pipes)
    with pytest.raises(SystemExit) as error:
        fit(*([RESUME] if resumes else []))
    assert f"process {running.pid} on" in stopped_with(error)
    lets_go(pipes)
    running.communicate()
    assert running.returncode == 0
    assert checkpoint_of(tmp_path / "run")["global_step"] == 8


def test_a_killed_fit_is_resumed_at_once(
    start: Start, fit: Callable[..., Path], pipes: Path, tmp_path: Path
) -> None:
    killed = start(*wait_at("on_before_backward", pipes, batches=6))
    waits(pipes)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert claim_of(tmp_path / "run").exists()
    assert_same_training(fit(RESUME), fit(run_dir=tmp_path / "whole"))
    assert not claim_of(tmp_path / "run").exists()


@pytest.fixture
def held(start: Start, pipes: Path, tmp_path: Path) -> Path:
    """Give the run folder of a fit that was killed before its first step."""
    killed = start(*wait_at("on_train_start", pipes))
    waits(pipes)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    return tmp_path / "run"


def test_a_process_that_has_the_id_of_an_ended_fit_does_not_hold_its_folder(
    held: Path, fit: Callable[..., Path]
) -> None:
    with_holder(held, pid=os.getpid())
    assert checkpoint_of(fit())["global_step"] == 8


def test_a_fit_of_another_machine_holds_its_folder_until_it_is_silent(
    held: Path, fit: Callable[..., Path]
) -> None:
    with_holder(held, machine="another", host="gpu7")
    with pytest.raises(SystemExit) as error:
        fit()
    message = stopped_with(error)
    assert "on gpu7" in message
    assert "5 minutes without a sign of life" in message
    assert f"delete {claim_of(held)}" in message
    minutes_ago = time.time() - 6 * 60
    os.utime(claim_of(held), (minutes_ago, minutes_ago))
    assert checkpoint_of(fit())["global_step"] == 8


def test_a_slurm_job_that_is_restarted_on_another_machine_goes_on_at_once(
    held: Path, fit: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_holder(held, machine="another", job="77", restarts=0)
    ranks = {"SLURM_NTASKS": "1", "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0"}
    for name, value in {**ranks, "SLURM_JOB_ID": "77", "SLURM_JOB_NAME": "train"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as error:
        fit()  # another step of the same job
    assert "SLURM job 77" in stopped_with(error)
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert checkpoint_of(fit())["global_step"] == 8


@pytest.mark.parametrize("stop", [stop_at("on_before_backward", 2), ["--ckpt_path=nowhere.ckpt"]])
def test_an_error_releases_the_folder(
    stop: list[str], fit: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        fit(*stop)
    assert not claim_of(tmp_path / "run").exists()
    assert checkpoint_of(fit())["global_step"] == 8


def test_a_test_reads_beside_a_running_fit_and_both_keep_their_results(
    start: Start, pipes: Path, shapes_root: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "run"
    running = start(*wait_at("on_before_backward", pipes, batches=6))
    waits(pipes)
    for subcommand in ("test", "predict"):
        main([subcommand, *tiny_arguments(shapes_root, run_dir), SMALL_NETWORK, RESUME])
    assert read_metrics(run_dir).keys() == {"val", "test", "test_1x1"}
    assert (run_dir / "predictions" / "test_1x1.pt").is_file()
    lets_go(pipes)
    running.communicate()
    assert running.returncode == 0
    assert read_metrics(run_dir).keys() >= {"train", "val"}


def test_the_processes_of_one_fit_share_its_folder(start: Start, tmp_path: Path) -> None:
    two = ("--trainer.devices=2", "--trainer.strategy=ddp", "--data.batch_size=2")
    process = start(*two)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert checkpoint_of(tmp_path / "run")["global_step"] == 8
    assert not claim_of(tmp_path / "run").exists()
