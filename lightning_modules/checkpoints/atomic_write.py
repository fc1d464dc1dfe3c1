"""Writes a file completely or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lightning_modules.errors import RunError


@contextmanager
def replace_at_end(file: Path, draft: Path) -> Iterator[Path]:
    """Rename a draft to the file's name when the block ends; delete it when the block raises.

    Args:
        file: The file, which keeps its content until then.
        draft: Another path in the same folder, for the block to write. The folder is made.

    Yields:
        The draft's path.

    Raises:
        OSError: If the folder cannot be made, or the draft not renamed.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield draft
        draft.replace(file)
    finally:
        with suppress(OSError):  # there is no draft any more unless something failed
            draft.unlink()


def write_to_disk(file: Path, content: bytes | memoryview) -> None:
    """Write a file and wait until the disk holds it."""
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def atomic_write(file: Path, content: str | bytes | memoryview) -> None:
    """Write a file completely, or leave what was there; missing folders are made.

    Raises:
        RunError: If it cannot be written, such as on a full disk.
    """
    draft = file.with_name(f"{file.name}.{uuid.uuid4().hex}.tmp")
    try:
        if file.exists() and not file.is_file():  # such as /dev/null, which a rename would replace
            raise RunError(f"{file}: cannot be written (not a regular file); choose another path")
        with replace_at_end(file, draft):
            write_to_disk(draft, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise RunError(
            f"{file}: cannot be written ({error.strerror or error}); free some space, or choose "
            "another path"
        ) from error


def unwritable_place(folder: Path) -> Path | None:
    """Find what keeps a folder from being written or made; None if nothing does.

    Returns:
        The folder, or its nearest parent that exists: a file, or a folder without permission.
    """
    place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return None if place.is_dir() and os.access(place, os.W_OK | os.X_OK) else place
