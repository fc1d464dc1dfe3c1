"""What SLURM tells a process about its job, and how the job is put into the queue again."""

import os
import subprocess

from pytorch_lightning.utilities import rank_zero_info, rank_zero_warn


def job_id() -> str | None:
    """Name this process's SLURM job, an array's task included; None outside SLURM."""
    array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    if array and task:
        return f"{array}_{task}"
    return os.environ.get("SLURM_JOB_ID")


def is_restarted() -> bool:
    """Tell whether SLURM runs this job again, after it was put into the queue again."""
    return int(os.environ.get("SLURM_RESTART_COUNT") or 0) > 0


def requeue() -> None:
    """Put this process's job into the queue again; say so, also where that fails."""
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
