"""How many frames each file decodes to: counted once, kept, counted anew when a file changes."""

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from datamodules.cores import available_cores
from datamodules.decoding import count_frames
from datamodules.errors import DataError, VideoDecodeError

SHOWN_FAILURES = 3
SAVE_EVERY = 500
"""Files between two saves of a long count, so that an interrupted one goes on from there."""


class FrameIndex:
    """A cache of frame counts, by absolute path, size and modification time.

    Args:
        folder: Where the cache file lives; made if missing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.file = Path(folder) / "frames.json"

    def count(self, paths: Sequence[str]) -> NDArray[np.int64]:
        """Count the frames of files that decode to at least one.

        Args:
            paths: Files.

        Returns:
            Frames of each file, (n,).

        Raises:
            DataError: If any file cannot be decoded; the message names the first ones.
        """
        files = [os.path.abspath(path) for path in paths]
        stamps = {file: _stamp(file) for file in dict.fromkeys(files)}
        known = {
            path: entry
            for path, entry in self._load().items()
            if path not in stamps or entry[:2] == stamps[path]
        }
        missing = [path for path in stamps if path not in known]
        if missing:
            failures = self._count_missing(missing, stamps, known)
            self._save(known)
            _refuse(failures, len(stamps))
        return np.array([known[path][2] for path in files], dtype=np.int64)

    def _count_missing(
        self, missing: list[str], stamps: dict[str, list[int]], known: dict[str, list[int]]
    ) -> list[str]:
        """Fill ``known`` from the files themselves; return what went wrong."""
        failures = []

        def count(path: str) -> int | VideoDecodeError:
            try:
                return count_frames(Path(path))
            except VideoDecodeError as error:
                return error

        with ThreadPoolExecutor(available_cores()) as pool:  # FFmpeg frees the lock
            counted = zip(missing, pool.map(count, missing), strict=True)
            for done, (path, result) in enumerate(
                track(counted, "Counting frames", total=len(missing)), start=1
            ):
                if isinstance(result, VideoDecodeError):
                    failures.append(str(result))
                else:
                    known[path] = [*stamps[path], result]
                if done % SAVE_EVERY == 0:
                    self._save(known)
        return failures

    def _load(self) -> dict[str, list[int]]:
        try:
            content = json.loads(self.file.read_text())
        except (OSError, ValueError):  # no cache yet, or a damaged one: count again
            return {}
        entries = content.items() if isinstance(content, dict) else ()
        return {path: entry for path, entry in entries if _is_entry(entry)}

    def _save(self, known: dict[str, list[int]]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps(known))
        draft.replace(self.file)


def _is_entry(entry: object) -> bool:
    """Tell whether a cached value is [size, modification time, frames]."""
    return isinstance(entry, list) and list(map(type, entry)) == [int, int, int]


def _stamp(path: str) -> list[int]:
    try:
        status = os.stat(path)
    except OSError:
        raise DataError(f"{path}: no such file; check the list and its root") from None
    return [status.st_size, status.st_mtime_ns]


def _refuse(failures: list[str], total: int) -> None:
    if failures:
        shown = "; ".join(failures[:SHOWN_FAILURES])
        more = "" if len(failures) <= SHOWN_FAILURES else ", and others"
        raise DataError(f"{len(failures)} of {total} videos cannot be used: {shown}{more}")
