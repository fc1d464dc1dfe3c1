"""Notes which videos are being looked through: FFmpeg may hang or crash on one without a word."""

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
"""Seconds without a video that comes to its end, after which those in work are named."""

NAME = "in_work.{}."
ADVICE = "replace them or take them out of the list"

Item = TypeVar("Item")


class ScanNotes:
    """A text file of the videos in work, there as long as this process looks through any.

    It outlives a process that dies; the lock on it does not. That tells it from the file of a
    process that is still at work, here or on another machine.

    Args:
        folder: Where it lies; there already.
    """

    def __init__(self, folder: Path) -> None:
        self._descriptor, name = mkstemp(".txt", NAME.format(os.getpid()), folder)
        self.file = Path(name)
        self._lock = Lock()
        self._in_work: dict[str, None] = {}  # in order
        with suppress(OSError):  # a disk without locks: nobody takes the file for left over
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the file; where a video hangs, it stays, locked until the process ends."""
        if not self._in_work:
            self.file.unlink(missing_ok=True)
            os.close(self._descriptor)

    @contextmanager
    def at(self, video: str) -> Iterator[None]:
        """Note a video for as long as this thread looks through it."""
        with self._lock:
            self._in_work[video] = None
            self._write()
        try:
            yield
        finally:
            with self._lock:
                del self._in_work[video]
                self._write()

    def wait_for(self, ended: "SimpleQueue[Item]") -> Item:
        """Wait for what comes next; warn of the videos in work where nothing comes."""
        waited = 0.0
        while True:
            with suppress(Empty):
                return ended.get(timeout=STALLED_AFTER)
            waited += STALLED_AFTER
            with self._lock:
                videos = "; ".join(self._in_work)
            warnings.warn(
                f"no video has come to its end for {waited:g} s; in work: {videos}. If that lasts, "
                f"{ADVICE}",
                stacklevel=2,
            )

    def _write(self) -> None:
        content = "".join(f"{video}\n" for video in self._in_work).encode()
        os.pwrite(self._descriptor, content, 0)
        os.ftruncate(self._descriptor, len(content))


def warn_of_leftovers(folder: Path) -> None:
    """Name, once, the videos that were in work when another process died."""
    for file in folder.glob(NAME.format("*") + "*.txt"):
        with suppress(OSError), file.open(encoding="utf-8", errors="replace") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while its process lives
            videos = stream.read().split("\n")[:-1]
            file.unlink()
            if videos:
                warnings.warn(
                    f"a process died while it looked through {'; '.join(videos)}. If the next one "
                    f"does too, {ADVICE}",
                    stacklevel=2,
                )
