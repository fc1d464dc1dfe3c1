"""Where runs go on a SLURM cluster, through submitit."""

import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from submitit import Executor, SlurmExecutor
from submitit import Job as SubmittedJob
from submitit.core.utils import FailedJobError, UncompletedJobError
from submitit.helpers import DelayedSubmission

from experiments.grid.jobs import Job
from experiments.grid.state import Record, write_record
from experiments.grid.task import GRACE, RunTask
from lightning_modules import RunError

MAX_TIMEOUTS = 100
"""How often a run may reach its time limit on a cluster and go on in another job."""

WARNING = int(GRACE) + 60
"""Seconds before a job's time is over at which it is warned: saving and submitting take some."""

PAUSE = 0.1
"""Seconds between two looks at a step that is to end."""


DEAF = ("sh", "-c", "trap '' USR2; exec \"$@\"", "sh")
"""Starts a step that the warning, which may reach all processes of a job, does not end."""


class ClusterTask(RunTask):
    """A run that goes on in another job when its time on the cluster is over.

    Args:
        job: The job.
        environment: Added to the environment of the steps.
    """

    def __init__(self, job: Job, environment: Mapping[str, str] | None = None) -> None:
        super().__init__(job, environment)
        self.starter = DEAF

    def checkpoint(self) -> DelayedSubmission:
        """Answer the cluster's warning: stop the step, so that it saves, and be submitted anew.

        A signal handler calls this, most likely in the midst of ``process.wait()``.
        """
        self.stop()
        if self.process is not None:
            _await_end(self.process.pid, GRACE)
        return DelayedSubmission(ClusterTask(self.job, self.environment))


class SubmittedRun:
    """A run as a job of submitit.

    Args:
        task: The run.
        submitted: Its job.
    """

    def __init__(self, task: RunTask, submitted: SubmittedJob[Record]) -> None:
        self.task = task
        self.submitted = submitted
        self.place = f"job {submitted.job_id}"

    def result(self) -> Record | None:
        """Say how it ended; None while it waits or runs."""
        if not self.submitted.done():
            return None
        try:
            return self.submitted.result()
        except (FailedJobError, UncompletedJobError) as error:
            record = Record("failed", _last_line(error))
            write_record(self.task.job, record)
            return record

    def stop(self) -> None:
        """Cancel the job."""
        self.submitted.cancel()
        write_record(self.task.job, Record("stopped", "cancelled"))

    def wait(self) -> None:
        """Leave the rest to the cluster."""

    def kill(self) -> None:
        """Leave that to the cluster, too."""


class SubmititLauncher:
    """Runs as jobs of a submitit executor.

    Args:
        executor: Where jobs go.
        jobs: Runs at once, waiting ones counted.
    """

    def __init__(self, executor: Executor, jobs: int | None = None) -> None:
        self.executor = executor
        self.places = 1000 if jobs is None else jobs

    def launch(self, job: Job) -> SubmittedRun:
        """Submit a run.

        Raises:
            RunError: If it is not taken.
        """
        task = ClusterTask(job)
        self.executor.update_parameters(**_named(self.executor, job))
        # Nobody submits it again, also when this process is gone: so it names none of this machine.
        # Written before, as the job's own records come after.
        write_record(job, Record("running", "waits for the cluster", host="the cluster", pids=[]))
        try:
            return SubmittedRun(task, self.executor.submit(task))
        except Exception as error:
            message = f"not submitted: {_last_line(error)}"
            write_record(job, Record("failed", message))
            raise RunError(f"{job.name}: {message}") from error


def slurm_executor(folder: Path, parameters: Mapping[str, Any], gpus_per_run: int) -> SlurmExecutor:
    """Make an executor for SLURM.

    Args:
        folder: For submitit's files and logs, seen by all machines.
        parameters: Of sbatch as submitit names them, such as ``partition`` or ``time``.
        gpus_per_run: GPUs of each run.

    Raises:
        RunError: If submitit does not know a parameter, or it is not the user's.
    """
    executor = _SlurmAnywhere(folder.resolve(), max_num_timeout=MAX_TIMEOUTS)
    defaults = {"time": 24 * 60, "signal_delay_s": WARNING}
    fixed = {"nodes": 1, "ntasks_per_node": 1, "gpus_per_node": gpus_per_run}
    for name in fixed:
        if name in parameters:
            raise RunError(f"--slurm {name}: a run has one machine; --gpus-per-run says its GPUs")
    try:
        executor.update_parameters(**{**defaults, **parameters, **fixed})
    except (NameError, ValueError) as error:
        raise RunError(f"--slurm: {' '.join(str(error).split())[:300]}") from None
    return executor


def sbatch_script(executor: SlurmExecutor, job: Job) -> str:
    """Write the script that would be submitted for a run, but for the name of its pickle."""
    executor.update_parameters(**_named(executor, job))
    return executor._make_submission_file_text(executor._submitit_command_str, job.name)


def require_slurm() -> None:
    """Refuse a machine that cannot submit.

    Raises:
        RunError: If SLURM's commands are not here.
    """
    if not SlurmExecutor.affinity() > 0:
        raise RunError("--launcher slurm: no srun here; --dry-run shows the scripts all the same")


class _SlurmAnywhere(SlurmExecutor):
    """Can be made without a cluster, to show its scripts."""

    @classmethod
    def affinity(cls) -> int:
        return 1


def _await_end(pid: int, seconds: float) -> None:
    """Wait until a child process has ended, and leave it to be reaped.

    Takes no lock: what a signal handler interrupts may hold that of ``Popen.wait``.
    """
    deadline = time.monotonic() + seconds
    with contextlib.suppress(ChildProcessError):  # reaped already
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > deadline:
                return
            time.sleep(PAUSE)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _named(executor: Executor, job: Job) -> dict[str, str]:
    return {"job_name": job.name} if isinstance(executor, SlurmExecutor) else {}
