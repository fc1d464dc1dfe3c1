"""Before any work: whether a run folder can be written, and which of its checkpoints is loaded."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytorch_lightning.utilities import rank_zero_info

from lightning_modules import RunError, slurm_job
from lightning_modules.checkpoints.atomic_write import unwritable_place
from lightning_modules.checkpoints.checkpoint_file import find_fault, peek
from lightning_modules.checkpoints.loop_position import KEY
from lightning_modules.checkpoints.run_folder import CHECKPOINTS, RunFolder
from lightning_modules.monitored import BETTER


def refuse_existing_run(run: RunFolder) -> None:
    """Prevent a new fit from writing into the folder of another run.

    Raises:
        RunError: If the folder holds a run that has saved a checkpoint.
    """
    if run.has_checkpoint():
        raise RunError(
            f"{run.path} already holds a run: resume it with --ckpt_path last, or choose another "
            "folder with --run_dir"
        )


def require_writable(run: RunFolder) -> None:
    """Check that a run folder exists or can be made, and can be written.

    Raises:
        RunError: If not.
    """
    place = unwritable_place(run.path)
    if place and not place.is_dir():
        raise RunError(f"{run.path}: {place} is a file; choose another folder with --run_dir")
    if place:
        raise RunError(f"{run.path}: {place} cannot be written; choose another with --run_dir")


def find_checkpoint(run: RunFolder, wanted: str | None, option: str = "--ckpt_path") -> Path:
    """Find a checkpoint and check all of its bytes.

    Args:
        run: The run folder.
        wanted: ``last``, ``best``, ``previous`` or a path; None for ``best``, or ``last`` if there
            is no ``best`` because the fit monitors nothing.
        option: What gives ``wanted``, for messages.

    Raises:
        RunError: If the file does not exist, is damaged or not a checkpoint. The message names an
            intact checkpoint beside it, which is never loaded unasked.
    """
    if wanted is None:
        wanted = "best" if run.checkpoint("best").exists() or _monitored(run) else "last"
    file = run.checkpoint(wanted) if wanted in CHECKPOINTS else Path(wanted)
    if not file.is_file():
        raise RunError(f"{file}: no such checkpoint{_name_others(run, wanted, option)}")
    fault = find_fault(file)
    if fault is not None:
        raise RunError(f"{file}: {fault}; {_offer_instead(file, option)}")
    if wanted == "best":
        _refuse_worst(file)
    return file


def _refuse_worst(best: Path) -> None:
    """Refuse a best.ckpt of an older version whose ``checkpoint.mode`` contradicted the metric."""
    keys = peek(best).get("callbacks", {})
    for monitor, mode in BETTER.items():
        wrong = "max" if mode == "min" else "min"
        if any(f"'monitor': {monitor!r}, 'mode': {wrong!r}" in key for key in keys):
            raise RunError(
                f"{best}: was chosen with checkpoint.mode {wrong}, so it is the epoch with the "
                f"worst {monitor}; give --ckpt_path last, or this file's path to use it anyway"
            )


def _monitored(run: RunFolder) -> str | None:
    """Read from last.ckpt which metric the fit follows; None if it follows none, or is damaged."""
    last = run.checkpoint("last")
    if not last.is_file() or find_fault(last):
        return None
    states = [s for s in peek(last).get("callbacks", {}).values() if isinstance(s, dict)]
    return next((s["monitor"] for s in states if s.get("monitor") and "best_model_path" in s), None)


def _name_others(run: RunFolder, wanted: str, option: str) -> str:
    """Say what may be loaded instead of a checkpoint that is missing; none is taken unasked."""
    reason = ""
    if wanted == "best":
        metric = _monitored(run)
        reason = (
            f", though this run's fit monitors {metric}"
            if metric
            else ", which a fit saves with checkpoint.monitor and without save_top_k 0"
        )
    others = [*run.checkpoints.glob("*.ckpt")] if wanted in CHECKPOINTS else []
    intact = [other for other in _newest_first(others) if find_fault(other) is None]
    if not intact:
        return f"; give a run folder that has one, or a file with {option}"
    named = ", ".join(f"{other.name} (step {step_of(other)})" for other in intact)
    last = run.checkpoint("last")
    return (
        f"{reason}; {run.checkpoints} has {named}: {option} "
        f"{last if last in intact else intact[0]} takes that one"
    )


def _newest_first(files: Iterable[Path]) -> list[Path]:
    return sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)


def _offer_instead(file: Path, option: str) -> str:
    for other in _newest_first(other for other in file.parent.glob("*.ckpt") if other != file):
        if find_fault(other) is None:
            return f"{other} (step {step_of(other)}) is intact: use it with {option} {other}"
    return (
        "no other checkpoint is beside it; name another with --ckpt_path (weights alone are given "
        "as --model.network.weights)"
    )


def step_of(checkpoint: Path) -> int:
    """Read the optimizer step of a checkpoint that has no fault."""
    return int(peek(checkpoint)["global_step"])


def allow_trained_epochs(trainer: Any, checkpoint: Path) -> None:
    """Raise ``max_epochs`` to the epochs of a fit that was extended before; it trains none of them.

    ``config.yaml`` of such a run still has the first limit, which Lightning would refuse.

    Args:
        trainer: The trainer's part of the configuration.
        checkpoint: The checkpoint that the fit resumes from.
    """
    trained = int(peek(checkpoint).get(KEY, {}).get("position", {}).get("epochs", 0))
    if trainer.max_epochs is not None and 0 <= trainer.max_epochs < trained:
        rank_zero_info(
            f"{checkpoint} has {trained} epochs, trainer.max_epochs is {trainer.max_epochs}: "
            "raise it to train more"
        )
        trainer.max_epochs = trained


def continues_slurm_job(run: RunFolder) -> bool:
    """Tell whether SLURM has restarted this job, and the same job saved the folder's last.ckpt.

    A restarted job has the command that started the run, without ``--ckpt_path last``. The run of
    another job is never resumed unasked.

    Raises:
        RunError: If last.ckpt is damaged.
    """
    if not slurm_job.is_restarted() or not run.has_checkpoint():
        return False
    checkpoint = peek(find_checkpoint(run, "last"))
    return bool(checkpoint.get(KEY, {}).get("slurm_job") == slurm_job.job_id())
