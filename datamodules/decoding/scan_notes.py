"""Records which videos are being scanned, for the case that FFmpeg hangs or crashes on one."""

import fcntl
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import mkstemp
from threading import Lock
from typing import Self, TypeVar

STALLED_AFTER = 600.0
"""Seconds without a finished video, after which those in progress are named."""

NAME = "in_progress.{}."
ADVICE = "replace them or take them out of the list"

Item = TypeVar("Item")


class ScanNotes:
    """A text file with the videos in progress, which exists while this process scans any.

    If the process dies, the file remains but the lock on it is released. That distinguishes it from
    the file of a process that still runs, here or on another machine.

    Args:
        folder: Of the file; exists already.
    """

    def __init__(self, folder: Path) -> None:
        self._descriptor, name = mkstemp(".txt", NAME.format(os.getpid()), folder)
        self.file = Path(name)
        self._lock = Lock()
        self._in_progress: dict[str, None] = {}  # in the order of their start
        with suppress(OSError):  # a file system without locks: nobody takes the file as left over
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the file; if a video hangs, it stays and is locked until the process ends."""
        if not self._in_progress:
            self.file.unlink(missing_ok=True)
            os.close(self._descriptor)

    @contextmanager
    def at(self, video: str) -> Iterator[None]:
        """Record a video while this thread scans it."""
        with self._lock:
            self._in_progress[video] = None
            self._write()
        try:
            yield
        finally:
            with self._lock:
                del self._in_progress[video]
                self._write()

    def wait_for(self, ended: "SimpleQueue[Item]") -> Item:
        """Wait for the next finished scan; warn of the videos in progress if none comes."""
        waited = 0.0
        while True:
            with suppress(Empty):
                return ended.get(timeout=STALLED_AFTER)
            waited += STALLED_AFTER
            with self._lock:
                videos = "; ".join(self._in_progress)
            warnings.warn(
                f"no video was finished for {waited:g} s; in progress: {videos}. If that lasts, "
                f"{ADVICE}",
                stacklevel=2,
            )

    def _write(self) -> None:
        content = "".join(f"{video}\n" for video in self._in_progress).encode()
        os.pwrite(self._descriptor, content, 0)
        os.ftruncate(self._descriptor, len(content))


def warn_of_leftovers(folder: Path) -> None:
    """Name, once, the videos that were in progress when another process died."""
    for file in folder.glob(NAME.format("*") + "*.txt"):
        with suppress(OSError), file.open(encoding="utf-8", errors="replace") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while its process lives
            videos = stream.read().split("\n")[:-1]
            file.unlink()
            if videos:
                warnings.warn(
                    f"a process died while scanning {'; '.join(videos)}. If the next one "
                    f"does too, {ADVICE}",
                    stacklevel=2,
                )
