"""Writes a file or a folder atomically: completely, or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from datamodules.errors import DataError


@contextmanager
def atomic_write(
    target: Path, remedy: str = "make room, or choose another place"
) -> Iterator[Path]:
    """Yield the path of a hidden draft; at the end of the block it replaces the target.

    If anything fails, an older target stays unchanged and the draft is removed. Several processes
    may write the same target at once: each has its own path, and the last to finish wins.

    Args:
        target: A file or a folder; its parent folder is created if missing.
        remedy: Advice at the end of the error message.

    Raises:
        DataError: If the target cannot be written.
    """
    draft = target.with_name(f".{target.stem}.{uuid4().hex[:12]}{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        if target.is_dir():  # only a file is replaced in one step
            shutil.rmtree(target)
        draft.replace(target)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{target}: cannot be written ({reason}); {remedy}") from error
    finally:
        with suppress(OSError):  # it is still there only if something failed
            if draft.is_dir():
                shutil.rmtree(draft)
            else:
                draft.unlink()
