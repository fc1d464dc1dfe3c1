"""What a checkpoint says before it is loaded: its step, and the SLURM job that saved it."""

from pathlib import Path
from typing import Any

import torch

from experiments.run_folder import find_checkpoint, holds_run
from lightning_modules import RunError, slurm_job
from lightning_modules.callbacks.exact_resume import KEY


def step_of(checkpoint: str | Path) -> int:
    """Read how many optimizer steps a checkpoint has behind it.

    Raises:
        RunError: If the file is damaged.
    """
    return int(_read(checkpoint)["global_step"])


def continues_slurm_job(run_dir: Path) -> bool:
    """Tell whether this is a job that SLURM runs again, and that saved the folder's last.ckpt.

    Its command is the one that began the run, without ``--ckpt_path last``. Another job's run is
    never gone on with unasked.
    """
    if not slurm_job.is_restarted() or not holds_run(run_dir):
        return False
    checkpoint = _read(find_checkpoint(run_dir, "last"))
    return checkpoint.get(KEY, {}).get("slurm_job") == slurm_job.job_id()


def _read(checkpoint: str | Path) -> dict[str, Any]:
    try:
        return torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:
        raise RunError(f"{checkpoint}: damaged ({error}); name another with --ckpt_path") from None
