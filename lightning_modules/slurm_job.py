"""The SLURM job that this process runs in: its id, whether it was restarted, how to requeue it."""

import os
import subprocess

from pytorch_lightning.utilities import rank_zero_info, rank_zero_warn


def job_id() -> str | None:
    """Return the id of this process's job, ``<array>_<task>`` in an array; None outside SLURM."""
    array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    if array and task:
        return f"{array}_{task}"
    return os.environ.get("SLURM_JOB_ID")


def restarts() -> int:
    """Return how often SLURM has requeued this job and run it again."""
    return int(os.environ.get("SLURM_RESTART_COUNT") or 0)


def is_restarted() -> bool:
    """Return whether SLURM has requeued this job and now runs it again."""
    return restarts() > 0


def requeue() -> None:
    """Requeue this process's job by ``scontrol``; log the result, warn if it fails."""
    job = job_id()
    assert job is not None
    try:
        done = subprocess.run(["scontrol", "requeue", job], capture_output=True, text=True)
        problem = done.stderr.strip() or f"status {done.returncode}" if done.returncode else ""
    except OSError as error:
        problem = str(error)
    if problem:
        rank_zero_warn(f"SLURM job {job} could not be requeued: {problem}; submit it again")
    else:
        rank_zero_info(f"SLURM job {job} is requeued")
