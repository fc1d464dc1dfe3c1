"""Runs of a grid: in parallel, resumed, stopped, failing one by one, here or through submitit."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import submitit
from rich.console import Console

from experiments.grid.local_launcher import LocalHandle, LocalLauncher
from experiments.grid.runner import Runner
from experiments.grid.slurm_launcher import SlurmLauncher, SlurmTask, sbatch_script, slurm_executor
from experiments.grid.state import (
    Record,
    log_file,
    read_record,
    record_file,
    state_of,
    write_record,
)
from experiments.grid.task import RunTask
from experiments.session import Run
from lightning_modules import RunError
from tests.conftest import REPOSITORY
from tests.experiments.grid.conftest import MakeGrid, calls_of, runs_of

TWO = "  A: {}\n  B: {base: other.yaml, overrides: {fail: test}}\n"
A = "base-seed0"
B = "other-fail_test-seed0"


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=400)


@pytest.mark.usefixtures("fake_train")
def test_a_failing_row_does_not_stop_the_others(
    make_grid: MakeGrid, tmp_path: Path, console: Console
) -> None:
    runs = tmp_path / "runs"
    runner = Runner(runs_of(make_grid(TWO), runs), LocalLauncher(max_runs=2), console)
    assert not runner.execute()
    assert {name: one.state for name, one in runner.progress.items()} == {
        A: "finished",
        B: "failed",
    }
    log = log_file(runner.progress[B].run)
    assert runner.progress[B].message == f"error: out of luck (log: {log})"
    assert "error: out of luck" in log.read_text()
    assert calls_of(runs, A) == ["fit", "test last"]
    assert state_of(runner.progress[B].run) == "failed"


@pytest.mark.usefixtures("fake_train")
def test_a_row_that_cannot_be_launched_fails_alone(
    make_grid: MakeGrid, tmp_path: Path, console: Console
) -> None:
    class RefusesB(LocalLauncher):
        def launch(self, run: Run) -> LocalHandle:
            if run.name == B:
                raise RunError("the cluster's limit is reached")
            return super().launch(run)

    runner = Runner(runs_of(make_grid(TWO), tmp_path / "runs"), RefusesB(max_runs=2), console)
    assert not runner.execute()
    assert (runner.progress[A].state, runner.progress[B].state) == ("finished", "failed")
    assert runner.progress[B].message == "the cluster's limit is reached"


@pytest.mark.usefixtures("fake_train")
def test_runs_that_do_not_fit_in_the_live_table_are_counted(
    make_grid: MakeGrid, tmp_path: Path
) -> None:
    rows = "".join(f"  R{i}: {{overrides: {{data.x: {i}}}}}\n" for i in range(9))
    terminal = Console(file=io.StringIO(), force_terminal=True, width=200, height=10)
    runner = Runner(runs_of(make_grid(rows), tmp_path), LocalLauncher(), terminal)
    list(runner.progress.values())[7].state = "running"
    table = runner.table()
    assert table.caption == "1 running, 8 waiting"
    assert table.row_count == 4
    assert next(iter(table.columns[0].cells)) == "base-x_7-seed0"


@pytest.mark.usefixtures("fake_train")
def test_finished_runs_are_skipped_and_failed_ones_are_resumed(
    make_grid: MakeGrid, tmp_path: Path, console: Console
) -> None:
    runs = runs_of(make_grid(TWO), tmp_path)
    for _ in range(2):
        Runner(runs, LocalLauncher(), console).execute()
    assert calls_of(tmp_path, A) == ["fit", "test last"]
    assert calls_of(tmp_path, B) == ["fit", "test last", "fit last", "test last"]


@pytest.mark.usefixtures("fake_train")
def test_a_row_waits_for_its_pretraining_and_fails_with_it(
    make_grid: MakeGrid, tmp_path: Path, console: Console
) -> None:
    rows = "  A: {pretrain: first.yaml}\n"
    good = Runner(runs_of(make_grid(rows), tmp_path / "a"), LocalLauncher(max_runs=4), console)
    assert good.execute()
    bad = Runner(
        runs_of(make_grid(rows), tmp_path / "b", "--fail=fit"), LocalLauncher(max_runs=4), console
    )
    assert not bad.execute()
    line = bad.progress["base-from_first-seed0"]
    assert (line.state, line.message) == ("failed", "starts from first-seed0: failed")


@pytest.mark.usefixtures("fake_train")
def test_a_step_without_results_is_a_failure(make_grid: MakeGrid, tmp_path: Path) -> None:
    rows = "  A: {protocols: [1x1], overrides: {data.protocol: 2x2}}\n"
    (run,) = runs_of(make_grid(rows), tmp_path).values()
    task = RunTask(run)
    task.program = (sys.executable, "-c", "pass")
    record = task()
    assert (record.state, record.message) == ("failed", "test left no result")


@pytest.mark.usefixtures("fake_train")
def test_each_run_has_gpus_of_its_own(
    make_grid: MakeGrid, tmp_path: Path, console: Console
) -> None:
    rows = "".join(f"  R{i}: {{overrides: {{data.x: {i}}}}}\n" for i in range(3))
    launcher = LocalLauncher(gpus=["4", "5", "6", "7"], gpus_per_run=2)
    assert launcher.slots == 2
    runs = list(runs_of(make_grid(rows), tmp_path).values())
    launched = [launcher.launch(run) for run in runs[:2]]
    assert [run.where for run in launched] == ["GPU 4,5", "GPU 6,7"]
    assert launched[1].task.environment == {"CUDA_VISIBLE_DEVICES": "6,7"}
    for run in launched:
        run.wait()
    assert launcher.launch(runs[2]).where in ("GPU 4,5", "GPU 6,7")


def test_more_gpus_than_there_are_are_refused() -> None:
    with pytest.raises(RunError, match="--gpus-per-run 2: this machine has 1"):
        LocalLauncher(gpus=["0"], gpus_per_run=2)


PROGRAM = """
import sys
from experiments.grid import commands, local_launcher, task
task.PROGRAM = (sys.executable, sys.argv[1])
local_launcher.visible_gpus = list
commands.refuse_wrong_rows = lambda *arguments: None
commands.main(sys.argv[2:])
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_steps_and_the_same_command_resumes_them(
    make_grid: MakeGrid, fake_train: Path, tmp_path: Path, number: signal.Signals
) -> None:
    grid, runs = make_grid("  A: {overrides: {hang: test}}\n"), tmp_path / "runs"
    (run,) = runs_of(grid, runs).values()
    command = [sys.executable, "-c", PROGRAM, str(fake_train), "run", str(grid.file)]
    os.mkfifo(tmp_path / "ready")
    command += ["--runs", str(runs), f"--ready={tmp_path / 'ready'}"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        # Reading waits until the step has begun to hang.
        subprocess.run(["timeout", "120", "cat", str(tmp_path / "ready")], check=True)
        assert state_of(run) == "running"
        process.send_signal(number)
        printed = process.stdout.read()
    assert process.returncode == 130
    assert "The same command continues" in printed
    record = read_record(run)
    assert record is not None
    assert (record.state, state_of(run)) == ("stopped", "stopped")
    again = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    assert "finished" in again.stdout
    assert calls_of(runs, run.name) == ["fit", "test last", "fit last", "test last"]


def test_a_run_whose_process_has_ended_is_stopped_not_running(
    make_grid: MakeGrid, tmp_path: Path
) -> None:
    (run,) = runs_of(make_grid("  A: {}\n"), tmp_path).values()
    assert state_of(run) == "not run"
    ended = subprocess.Popen(["true"])
    ended.wait()
    write_record(run, Record("running", pids=[ended.pid]))
    assert state_of(run) == "stopped"
    write_record(run, Record("running", pids=[ended.pid, os.getpid()]))
    assert state_of(run) == "running"
    text = record_file(run).read_text()
    own = json.loads(text)["starts"][1]  # another process may get the id later
    record_file(run).write_text(text.replace(str(own), str(own - 1)))
    assert state_of(run) == "stopped"
    write_record(run, Record("running", host="elsewhere", pids=[ended.pid]))
    assert state_of(run) == "running"


@pytest.mark.slow
@pytest.mark.usefixtures("fake_train")
def test_runs_go_through_submitit(make_grid: MakeGrid, tmp_path: Path, console: Console) -> None:
    executor = submitit.LocalExecutor(tmp_path / "submitit")
    executor.update_parameters(timeout_min=5)
    runs = runs_of(make_grid(TWO), tmp_path / "runs")
    runner = Runner(runs, SlurmLauncher(executor), console)
    assert not runner.execute()
    assert {name: one.state for name, one in runner.progress.items()} == {
        A: "finished",
        B: "failed",
    }
    assert "out of luck" in runner.progress[B].message


def test_the_sbatch_script_has_the_stated_parameters(make_grid: MakeGrid, tmp_path: Path) -> None:
    (run,) = runs_of(make_grid("  A: {}\n"), tmp_path).values()
    executor = slurm_executor(tmp_path, {"partition": "gpu", "time": 90, "cpus_per_task": 16}, 8)
    script = sbatch_script(executor, run)
    asked = [line for line in script.splitlines() if line.startswith("#SBATCH")]
    assert set(asked) >= {
        *("#SBATCH --partition=gpu", "#SBATCH --time=90", "#SBATCH --gpus-per-node=8"),
        *("#SBATCH --cpus-per-task=16", "#SBATCH --ntasks-per-node=1", "#SBATCH --nodes=1"),
        f"#SBATCH --job-name={run.name}",
    }
    assert "srun" in script


def test_an_unknown_slurm_parameter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"--slurm: .*partitoin"):
        slurm_executor(tmp_path, {"partitoin": "gpu"}, 1)


def test_a_task_on_a_cluster_hides_slurm_and_can_be_resumed_in_another_job(
    make_grid: MakeGrid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = runs_of(make_grid("  A: {}\n"), tmp_path).values()
    monkeypatch.setenv("SLURM_NTASKS", "1")
    task = SlurmTask(run)
    task.program = (sys.executable, "-c", "import os, sys; sys.exit(str(sorted(os.environ)))")
    assert "SLURM_NTASKS" not in task().message
    again = task.checkpoint().function
    assert isinstance(again, SlurmTask)
    assert again.run == run
