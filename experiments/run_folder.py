"""The run folder: what must not be in it yet, and which checkpoint of it is meant."""

import os
from pathlib import Path

from lightning_modules import RunError
from lightning_modules.checkpoints.checkpoint_file import find_fault, peek

CHECKPOINTS = "checkpoints"
NAMES = ("best", "last", "previous")


def holds_run(run_dir: Path) -> bool:
    """Tell whether a fit has saved a checkpoint in a folder."""
    return (run_dir / CHECKPOINTS / "last.ckpt").exists()


def refuse_existing_run(run_dir: Path) -> None:
    """Keep a fit from writing into another run's folder.

    Raises:
        RunError: If the folder holds a run that has saved a checkpoint.
    """
    if holds_run(run_dir):
        raise RunError(
            f"{run_dir} already holds a run: resume it with --ckpt_path last, or choose another "
            "folder with --run_dir"
        )


def require_writable(run_dir: Path) -> None:
    """Find out before any work whether a run folder can be made and written.

    Raises:
        RunError: If it cannot.
    """
    place = next(path for path in (run_dir, *run_dir.absolute().parents) if path.exists())
    if not place.is_dir():
        raise RunError(f"{run_dir}: {place} is a file; choose another folder with --run_dir")
    if not os.access(place, os.W_OK | os.X_OK):
        raise RunError(f"{run_dir}: {place} cannot be written; choose another with --run_dir")


def find_checkpoint(run_dir: Path, wanted: str | None) -> str:
    """Turn ``last``, ``best``, ``previous`` or a path into the path of a checkpoint that is whole.

    Args:
        run_dir: The run folder.
        wanted: What was asked for; None for ``best`` where there is one, else ``last``.

    Raises:
        RunError: If there is no such file, or it is damaged or no checkpoint. Another one that
            is whole is named, and never taken without being asked for.
    """
    folder = run_dir / CHECKPOINTS
    if wanted is None:
        wanted = "best" if (folder / "best.ckpt").exists() else "last"
    file = folder / f"{wanted}.ckpt" if wanted in NAMES else Path(wanted)
    if not file.is_file():
        raise RunError(
            f"{file}: no such checkpoint; name the run with --run_dir, or a file with --ckpt_path"
        )
    fault = find_fault(file)
    if fault is not None:
        raise RunError(f"{file}: {fault}; {_offer_instead(file)}")
    return str(file)


def _offer_instead(file: Path) -> str:
    others = (other for other in file.parent.glob("*.ckpt") if other != file)
    for other in sorted(others, key=lambda other: other.stat().st_mtime, reverse=True):
        if find_fault(other) is None:
            step = peek(other)["global_step"]
            return f"{other} (step {step}) is whole: ask for it with --ckpt_path {other}"
    return "no other checkpoint lies beside it; name another with --ckpt_path"
