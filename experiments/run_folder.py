"""The run folder: what must not be in it yet, and which checkpoint of it is meant."""

from pathlib import Path
from zipfile import is_zipfile

from lightning_modules import RunError

CHECKPOINTS = "checkpoints"


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


def find_checkpoint(run_dir: Path, wanted: str | None) -> str:
    """Turn ``last``, ``best`` or a path into the path of an existing checkpoint.

    Args:
        run_dir: The run folder.
        wanted: What was asked for; None for ``best`` where there is one, else ``last``.

    Raises:
        RunError: If there is no such file, or it is no checkpoint.
    """
    folder = run_dir / CHECKPOINTS
    if wanted is None:
        wanted = "best" if (folder / "best.ckpt").exists() else "last"
    file = folder / f"{wanted}.ckpt" if wanted in ("best", "last") else Path(wanted)
    if not file.is_file():
        raise RunError(
            f"{file}: no such checkpoint; name the run with --run_dir, or a file with --ckpt_path"
        )
    if not is_zipfile(file):  # as torch.save writes them
        raise RunError(f"{file}: not a checkpoint, or damaged; name another with --ckpt_path")
    return str(file)
