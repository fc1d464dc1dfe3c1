"""Checkpoint files: written whole or not at all, and looked through before they are trusted."""

import io
import os
import shutil
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import torch
from lightning_fabric.plugins import TorchCheckpointIO

from lightning_modules.errors import RunError

LAST = "last.ckpt"
PREVIOUS = "previous.ckpt"
DRAFT_ENDING = ".part"


class CheckpointFiles(TorchCheckpointIO):
    """Saves a checkpoint beside its place and moves it there when it is whole and on the disk.

    Lightning's own way goes through the folder for temporary files; where that lies on another
    disk than the run, the old checkpoint is overwritten bit by bit, and a process that is killed
    or a disk that is full leaves neither. Here the checkpoint before stays as it is until then.
    The last but one ``last.ckpt`` stays beside it as ``previous.ckpt``.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Save a checkpoint.

        Raises:
            RunError: If the disk does not take it; the checkpoints that were there still are.
        """
        if "://" in str(path) or storage_options is not None:
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        file = Path(path)
        draft = file.with_name(file.name + DRAFT_ENDING)
        try:
            content = io.BytesIO()
            torch.save(checkpoint, content)
            file.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as stream:
                stream.write(content.getbuffer())
                stream.flush()
                os.fsync(stream.fileno())
            if file.name == LAST and file.is_file():
                _keep(file, file.with_name(PREVIOUS))
            draft.replace(file)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise RunError(
                f"{file}: could not be saved ({error.strerror or error}); the checkpoints before "
                "it are untouched: make room and go on with --ckpt_path last"
            ) from error


def _keep(file: Path, place: Path) -> None:
    """Give a file a second name, which stays when the first one is given to another file."""
    draft = place.with_name(place.name + DRAFT_ENDING)
    draft.unlink(missing_ok=True)
    try:
        os.link(file, draft)
    except OSError:  # this file system has no second names
        shutil.copyfile(file, draft)
    draft.replace(place)


def find_fault(file: Path) -> str | None:
    """Say what keeps a file from being a checkpoint to go on from; None if nothing does.

    Every byte is checked against the checksums that ``torch.save`` writes, which ``torch.load``
    does not look at; and nothing is read that could run code.
    """
    try:
        with ZipFile(file) as archive:  # as torch.save writes them
            damaged = archive.testzip()
    except Exception as error:  # zipfile raises many kinds for a damaged file
        return f"not a checkpoint, or damaged ({error})"
    if damaged is not None:
        return f"damaged ({damaged} does not fit its checksum)"
    try:
        content = peek(file)
    except Exception as error:  # torch raises many kinds for a foreign file
        return f"refused: it holds more than plain values ({type(error).__name__})"
    if not isinstance(content, dict) or not {"state_dict", "global_step"} <= content.keys():
        return "no checkpoint of a training; weights alone go to --model.network.weights"
    return None


def peek(file: Path) -> Any:
    """Read a checkpoint's plain values; its tensors stay on the disk until they are used."""
    return torch.load(file, map_location="cpu", mmap=True, weights_only=True)
