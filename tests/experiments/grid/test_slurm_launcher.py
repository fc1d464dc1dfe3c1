"""Runs as SLURM's jobs: warned and submitted again, refused, cancelled, left by a killed grid."""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.grid.slurm_launcher import SlurmLauncher, SlurmTask, sbatch_script, slurm_executor
from experiments.grid.state import log_file, read_record, state_of
from experiments.grid.task import GRACE_SECONDS
from experiments.session import Run
from lightning_modules import RunError
from tests.conftest import REPOSITORY
from tests.experiments.grid.conftest import MakeGrid, runs_of

ReplaceCommand = Callable[[str, str], None]

# Begins when it is waited for, warns the process that waits, and saves at SIGTERM.
STEP = """
import os, signal, sys
from pathlib import Path

folder = Path(sys.argv[1])
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
(folder / "waits").read_text()
os.kill(os.getppid(), signal.SIGUSR2)
if signal.sigtimedwait({signal.SIGTERM}, 600):
    (folder / "saved").touch()
sys.exit(143)
"""

WARNED = """
import os, pickle, signal, sys, time
from pathlib import Path

folder = Path(sys.argv[1])
task = pickle.loads((folder / "task").read_bytes())
waitpid = os.waitpid

def announce_and_wait(pid, options):
    (folder / "waits").write_text("")  # Popen's lock is held
    return waitpid(pid, options)

def checkpoint(number, frame):
    start = time.perf_counter()
    task.checkpoint()
    print((folder / "saved").exists(), time.perf_counter() - start)
    sys.exit(0)

signal.signal(signal.SIGUSR2, checkpoint)
os.waitpid = announce_and_wait
task()
"""

LAUNCHED = """
import os, pickle, signal, sys
from pathlib import Path
from experiments.grid.slurm_launcher import SlurmLauncher, slurm_executor

folder = Path(sys.argv[1])
launcher = SlurmLauncher(slurm_executor(folder / "submitit", {}, 1))
launcher.launch(pickle.loads((folder / "run").read_bytes()))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def run(make_grid: MakeGrid, tmp_path: Path) -> Run:
    (run,) = runs_of(make_grid("  A: {}\n"), tmp_path / "runs").values()
    return run


@pytest.fixture
def replace_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReplaceCommand:
    """A function that replaces one of SLURM's commands; at first, sbatch accepts everything."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    def write(command: str, lines: str) -> None:
        (folder / command).write_text(f"#!/bin/sh\n{lines}\n")
        (folder / command).chmod(0o755)

    write("sbatch", "echo Submitted batch job 42")
    return write


def launcher_in(folder: Path) -> SlurmLauncher:
    return SlurmLauncher(slurm_executor(folder / "submitit", {}, 1))


@pytest.mark.slow
def test_a_warned_task_waits_no_longer_than_its_step_takes_to_save(
    run: Run, tmp_path: Path
) -> None:
    task = SlurmTask(run)
    task.program = (sys.executable, "-c", STEP, str(tmp_path))
    (tmp_path / "task").write_bytes(pickle.dumps(task))
    os.mkfifo(tmp_path / "waits")
    command = [sys.executable, "-c", WARNED, str(tmp_path)]
    warned = subprocess.run(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, timeout=500, check=True
    )
    saved, seconds = warned.stdout.split()
    assert saved == "True"
    assert float(seconds) < GRACE_SECONDS / 2


def test_a_warning_does_not_end_the_step_itself(run: Run) -> None:
    task = SlurmTask(run)
    step = "import os, signal, sys; os.kill(os.getpid(), signal.SIGUSR2); sys.exit('lives')"
    task.program = (sys.executable, "-c", step)
    assert task().message == "lives"


STEP_OF_A_MACHINE = """
import os, sys
names = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "SLURM_JOB_ID")
print(*(os.environ.get(name) for name in names), file=sys.stderr)
"""


@pytest.mark.parametrize("machine", [0, 1])
def test_the_machines_of_a_run_meet_at_the_first_and_only_it_writes_the_record(
    run: Run, machine: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = {"NUM_NODES": "2", "NODELIST": "gpu[3-4]", "ID": "12345678"}
    for name, value in {f"JOB_{k}": v for k, v in job.items()}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    monkeypatch.setenv("SLURM_NODEID", str(machine))
    monkeypatch.setenv("SUBMITIT_EXECUTOR", "slurm")
    task = SlurmTask(run)
    task.program = (sys.executable, "-c", STEP_OF_A_MACHINE)
    record = task()
    last = log_file(run, machine).read_text().splitlines()[-1]
    assert last == f"gpu3 20678 {machine} None"
    assert (read_record(run) == record) == (machine == 0)
    assert (log_file(run).exists(), read_record(run) is None) == (machine == 0, machine == 1)


def test_a_task_whose_step_has_ended_does_not_wait(run: Run) -> None:
    task = SlurmTask(run)
    task.process = subprocess.Popen(["true"])
    task.process.wait()
    assert isinstance(task.checkpoint().function, SlurmTask)


@pytest.mark.parametrize(
    ("stated", "seconds"), [({}, int(GRACE_SECONDS) + 60), ({"signal_delay_s": 600}, 600)]
)
def test_a_job_is_warned_early_enough_to_save(
    run: Run, tmp_path: Path, stated: dict[str, int], seconds: int
) -> None:
    script = sbatch_script(slurm_executor(tmp_path, stated, 1), run)
    assert f"#SBATCH --signal=USR2@{seconds}" in script.splitlines()


@pytest.mark.parametrize("name", ["nodes", "ntasks_per_node", "gpus_per_node"])
def test_parameters_that_every_run_fixes_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match=f"^--slurm {name}: .*--gpus-per-run"):
        slurm_executor(tmp_path, {name: 2}, 1)


@pytest.mark.slow
@pytest.mark.usefixtures("replace_command")
def test_a_waiting_run_stays_running_when_the_grid_that_submitted_it_is_killed(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "run").write_bytes(pickle.dumps(run))
    command = [sys.executable, "-c", LAUNCHED, str(tmp_path)]
    launched = subprocess.run(command, cwd=REPOSITORY, timeout=500, check=False)
    assert launched.returncode == -signal.SIGKILL
    assert state_of(run) == "running"


def test_a_cancelled_run_is_stopped(
    run: Run, tmp_path: Path, replace_command: ReplaceCommand
) -> None:
    replace_command("scancel", f"echo $@ > {tmp_path / 'cancelled'}")
    handle = launcher_in(tmp_path).launch(run)
    assert state_of(run) == "running"
    handle.stop()
    assert (tmp_path / "cancelled").read_text() == "42\n"
    assert state_of(run) == "stopped"


def test_a_run_that_sbatch_refuses_has_failed(
    run: Run, tmp_path: Path, replace_command: ReplaceCommand
) -> None:
    replace_command("sbatch", "echo sbatch: error: >&2; echo sbatch: no such partition >&2; exit 1")
    message = "not submitted: sbatch: no such partition"
    with pytest.raises(RunError, match=f"^{run.name}: {message}$"):
        launcher_in(tmp_path).launch(run)
    record = read_record(run)
    assert record is not None
    assert (record.state, record.message, state_of(run)) == ("failed", message, "failed")


def test_a_run_whose_job_is_lost_has_failed(
    run: Run, tmp_path: Path, replace_command: ReplaceCommand
) -> None:
    replace_command("sbatch", "echo Submitted batch job 43")
    replace_command("sacct", "echo 'JobID|State|NodeList'; echo '43|NODE_FAIL|'")
    handle = launcher_in(tmp_path).launch(run)
    handle.job._results_timeout_s = 0
    record = handle.result()
    assert record is not None
    assert (record.state, state_of(run)) == ("failed", "failed")
