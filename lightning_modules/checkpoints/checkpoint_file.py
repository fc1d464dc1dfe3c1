"""Checkpoint files: saved completely or not at all, and checked before they are loaded."""

import io
import os
import shutil
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import torch
from lightning_fabric.plugins import TorchCheckpointIO

from lightning_modules.checkpoints.atomic_write import replace_at_end, write_to_disk
from lightning_modules.checkpoints.run_folder import CHECKPOINTS
from lightning_modules.errors import RunError


class CheckpointFiles(TorchCheckpointIO):
    """Saves a checkpoint beside its final path and renames it once the disk holds all of it.

    Lightning writes to the system's temporary folder first. If that is on another disk than the
    run, the old checkpoint is then overwritten in place, and a killed process or a full disk
    leaves neither the old nor the new one. Here the old one stays until the new one is complete.
    The ``last.ckpt`` before the newest is kept as ``previous.ckpt``.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Save a checkpoint.

        Raises:
            RunError: If it cannot be written; the checkpoints that were there are unchanged.
        """
        if "://" in str(path) or storage_options is not None:
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        file = Path(path)
        try:
            content = io.BytesIO()
            torch.save(checkpoint, content)
            with replace_at_end(file, _draft_of(file)) as draft:
                write_to_disk(draft, content.getbuffer())
                if file.name == CHECKPOINTS["last"] and file.is_file():
                    _keep(file, file.with_name(CHECKPOINTS["previous"]))
        except OSError as error:
            raise RunError(
                f"{file}: could not be saved ({error.strerror or error}); the checkpoints before "
                "it are unchanged: free some space and resume with --ckpt_path last"
            ) from error


def _draft_of(file: Path) -> Path:
    """Name a draft; only one process writes here, so the next save overwrites a killed one's."""
    return file.with_name(f"{file.name}.part")


def _keep(file: Path, second: Path) -> None:
    """Give a file a second name, under which it stays when the first name gets a new file."""
    with replace_at_end(second, _draft_of(second)) as draft:
        draft.unlink(missing_ok=True)
        try:
            os.link(file, draft)
        except OSError:  # this file system has no hard links
            shutil.copyfile(file, draft)


def give_second_name(file: Path, second: Path) -> None:
    """Give a checkpoint a second name, which takes no space where the disk has hard links.

    Raises:
        RunError: If the second name cannot be written.
    """
    try:
        _keep(file, second)
    except OSError as error:
        raise RunError(
            f"{second}: could not be saved ({error.strerror or error}); free some space and resume "
            "with --ckpt_path last"
        ) from error


def find_fault(file: Path) -> str | None:
    """Say why a fit cannot resume from a file; None if it can.

    Every byte is compared with the checksums that ``torch.save`` writes and ``torch.load``
    ignores. Nothing is unpickled that could run code.
    """
    try:
        with ZipFile(file) as archive:  # as torch.save writes them
            damaged = archive.testzip()
    except Exception as error:  # zipfile raises many kinds for a damaged file
        return f"not a checkpoint, or damaged ({error})"
    if damaged is not None:
        return f"damaged (the checksum of {damaged} is wrong)"
    try:
        content = peek(file)
    except Exception as error:  # torch raises many kinds for a file that is not a checkpoint
        return f"refused: it holds more than plain values ({type(error).__name__})"
    if not isinstance(content, dict) or not {"state_dict", "global_step"} <= content.keys():
        return "not a checkpoint of a fit; pass weights alone as --model.network.weights"
    return None


def peek(file: Path) -> Any:
    """Read a checkpoint's plain values; its tensors stay on the disk until they are used."""
    return torch.load(file, map_location="cpu", mmap=True, weights_only=True)
