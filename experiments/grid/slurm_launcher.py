"""Executes runs on a SLURM cluster, each as a job submitted by submitit."""

import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from submitit import Executor, Job, JobEnvironment, SlurmExecutor
from submitit.core.utils import FailedJobError, UncompletedJobError
from submitit.helpers import DelayedSubmission

from experiments.grid.state import Record, write_record
from experiments.grid.task import GRACE_SECONDS, RunTask
from experiments.session import Run
from lightning_modules import RunError

MAX_TIMEOUTS = 100
"""How often a run may reach its time limit on a cluster and be resumed in another job."""

MAX_RUNS = 1000
"""Runs at once, unless the user limits them: the cluster has its own queue."""

WARNING_SECONDS = int(GRACE_SECONDS) + 60
"""Time before a job's time limit at which SLURM warns it: enough to save and to submit again."""

POLL_SECONDS = 0.1
"""Time between two checks whether a step has ended, in seconds."""

FIRST_PORT, PORTS = 15_000, 10_000
"""Ports on which the processes of a job meet, one for each of so many successive jobs."""

IGNORE_SIGUSR2 = ("sh", "-c", "trap '' USR2; exec \"$@\"", "sh")
"""Starts a step that ignores SLURM's warning, which may reach all processes of a job."""


class SlurmTask(RunTask):
    """Executes a run, and resumes it in another job when the time limit of its job is reached.

    A job on several machines executes this on each of them at the same time; the processes of a
    step find each other as under torchrun, by the first machine's name and a port.

    Args:
        run: The run.
        environment: Variables added to the environment of the steps.
    """

    def __init__(self, run: Run, environment: Mapping[str, str] | None = None) -> None:
        super().__init__(run, environment)
        self.starter = IGNORE_SIGUSR2

    def __call__(self) -> Record:
        """Execute the steps, on this machine's part of the job."""
        if int(os.environ.get("SLURM_JOB_NUM_NODES", "1")) > 1:
            job = JobEnvironment()
            self.machine = job.node
            self.environment |= {
                "MASTER_ADDR": job.hostnames[0],
                "MASTER_PORT": str(FIRST_PORT + int(job.raw_job_id) % PORTS),
                "NODE_RANK": str(job.node),
            }
        return super().__call__()

    def checkpoint(self) -> DelayedSubmission:
        """Respond to SLURM's warning: stop the step, so that it saves, and submit the run again.

        submitit's signal handler calls this, most often during ``process.wait()``.
        """
        self.stop()
        if self.process is not None:
            _await_end(self.process.pid, GRACE_SECONDS)
        return DelayedSubmission(SlurmTask(self.run, self.environment))


class SlurmHandle:
    """A run that has been submitted as a job.

    Args:
        task: Executes the run.
        job: The job, as submitit knows it.
    """

    def __init__(self, task: RunTask, job: Job[Record]) -> None:
        self.task = task
        self.job = job
        self.where = f"job {job.job_id}"

    def result(self) -> Record | None:
        """Return the record of the ended run; None while it waits or runs."""
        if not self.job.done():
            return None
        try:
            return self.job.task(0).result()  # the first machine's
        except (FailedJobError, UncompletedJobError) as error:
            record = Record("failed", _last_line(error))
            write_record(self.task.run, record)
            return record

    def stop(self) -> None:
        """Cancel the job."""
        self.job.cancel()
        write_record(self.task.run, Record("stopped", "cancelled"))

    def wait(self) -> None:
        """Return at once: the cluster ends the job."""

    def kill(self) -> None:
        """Do nothing: the cluster ends the job."""


class SlurmLauncher:
    """Submits runs.

    Args:
        executor: submitit's executor, which submits them.
        max_runs: Runs at once, waiting ones included.
    """

    def __init__(self, executor: Executor, max_runs: int | None = None) -> None:
        self.executor = executor
        self.slots = MAX_RUNS if max_runs is None else max_runs

    def launch(self, run: Run) -> SlurmHandle:
        """Submit a run.

        Raises:
            RunError: If the cluster refuses it.
        """
        task = SlurmTask(run)
        self.executor.update_parameters(**_job_name(self.executor, run))
        # The record names no process of this machine: after this process has ended, the job waits,
        # and another command must not submit it again. It is written before the submission, since
        # the job writes records of its own once it runs.
        write_record(run, Record("running", "waits for the cluster", host="the cluster", pids=[]))
        try:
            return SlurmHandle(task, self.executor.submit(task))
        except Exception as error:
            message = f"not submitted: {_last_line(error)}"
            write_record(run, Record("failed", message))
            raise RunError(f"{run.name}: {message}") from error


def slurm_executor(
    folder: Path, parameters: Mapping[str, Any], gpus_per_machine: int, machines: int = 1
) -> SlurmExecutor:
    """Make an executor for SLURM.

    Args:
        folder: The folder for submitit's files and logs, on a disk that all machines share.
        parameters: sbatch's parameters as submitit names them, such as ``partition`` or ``time``.
        gpus_per_machine: GPUs of each run on each of its machines.
        machines: Machines of each run.

    Raises:
        RunError: If submitit does not know a parameter, or the user may not choose it.
    """
    executor = _SlurmAnywhere(folder.resolve(), max_num_timeout=MAX_TIMEOUTS)
    defaults = {"time": 24 * 60, "signal_delay_s": WARNING_SECONDS}
    fixed = {"nodes": machines, "ntasks_per_node": 1, "gpus_per_node": gpus_per_machine}
    for name in fixed:
        if name in parameters:
            raise RunError(
                f"--slurm {name}: set the machines of a run with --nodes-per-run, and its GPUs on "
                "each of them with --gpus-per-run"
            )
    try:
        executor.update_parameters(**{**defaults, **parameters, **fixed})
    except (NameError, ValueError) as error:
        raise RunError(f"--slurm: {' '.join(str(error).split())[:300]}") from None
    return executor


def sbatch_script(executor: SlurmExecutor, run: Run) -> str:
    """Write the script that would be submitted for a run, except the name of its pickle file."""
    executor.update_parameters(**_job_name(executor, run))
    return executor._make_submission_file_text(executor._submitit_command_str, run.name)


def require_slurm() -> None:
    """Refuse a machine that cannot submit jobs.

    Raises:
        RunError: If SLURM's commands are not installed here.
    """
    if not SlurmExecutor.affinity() > 0:
        raise RunError(
            "--launcher slurm: there is no srun here; --dry-run shows the scripts anyway"
        )


class _SlurmAnywhere(SlurmExecutor):
    """An executor that can be made without a cluster, to show its scripts."""

    @classmethod
    def affinity(cls) -> int:
        return 1


def _await_end(pid: int, seconds: float) -> None:
    """Wait until a child process has ended, without reaping it.

    Takes no lock: the code that the signal handler interrupted may hold the lock of ``Popen.wait``.
    """
    deadline = time.monotonic() + seconds
    with contextlib.suppress(ChildProcessError):  # reaped already
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > deadline:
                return
            time.sleep(POLL_SECONDS)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _job_name(executor: Executor, run: Run) -> dict[str, str]:
    return {"job_name": run.name} if isinstance(executor, SlurmExecutor) else {}
