"""Writes a file whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

from lightning_modules.errors import RunError


def write_whole(file: Path, content: str | bytes | memoryview) -> None:
    """Write a draft beside a file's place, which it takes when it is whole; make the folder.

    Raises:
        RunError: If the disk does not take it; a file that was there still is.
    """
    draft = file.parent / f"{file.name}.{os.getpid()}.tmp"
    try:
        if file.exists() and not file.is_file():  # /dev/null would be replaced
            raise RunError(f"{file}: cannot be written (it is no file); choose another place")
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content.encode() if isinstance(content, str) else content)
        draft.replace(file)
    except OSError as error:
        raise RunError(
            f"{file}: cannot be written ({error.strerror or error}); make room, or choose another "
            "place"
        ) from error
    finally:
        with suppress(OSError):  # it is there only if something went wrong
            draft.unlink()
