"""The states of many files: asked for by many threads where a network answers in milliseconds."""

import hashlib
import os
import stat
from array import array
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import numpy as np

from datamodules.errors import DataError
from datamodules.packs.find import find_open, find_packed
from datamodules.packs.packed_video import PackedVideo

THREADS = 64
SECONDS_OF_ONE = 2e-5
"""A thread for each so many seconds of an answer. Python's threads share a lock, so that many of
them take twice as long as one on a local disk (5 us)."""

PARTS_TO_TIME = 3
FILES_AT_A_TIME = 128
NO_FILE = (0, 0, 0, 0, 0, 0)
WIDTH = len(NO_FILE)
WRAP = 1 << 64


class FileStates:
    """The states of n files or folders, or videos in packs, 48 bytes each; links are followed.

    A folder in a pack counts as a file: its images cannot change one by one.

    Args:
        paths: The files, which need not exist.
    """

    def __init__(self, paths: Sequence[str] = ()) -> None:
        starts = range(0, len(paths), FILES_AT_A_TIME)
        parts = [paths[start : start + FILES_AT_A_TIME] for start in starts]
        timed = {place: _ask_timed(parts[place]) for place in _spread(len(parts))}
        slowest = max((seconds for seconds, _ in timed.values()), default=0.0)
        others = (part for place, part in enumerate(parts) if place not in timed)
        with ThreadPoolExecutor(min(THREADS, 1 + int(slowest / SECONDS_OF_ONE))) as pool:
            answers = pool.map(_ask, others)
            self._values = array("q")
            for place in range(len(parts)):
                self._values.extend(timed[place][1] if place in timed else next(answers))

    def __len__(self) -> int:
        """Count the files."""
        return len(self._values) // WIDTH

    def exists(self, place: int) -> bool:
        """Whether there is such a file or folder."""
        return self._values[WIDTH * place] != 0

    def is_folder(self, place: int) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self._values[WIDTH * place])

    def stamp(self, place: int) -> str:
        """Describe the state by numbers that change with the content; empty without a file.

        The time of the last change (ctime) also changes where content of the same size replaces the
        former and the modification time is set back, and with permissions.
        """
        start = WIDTH * place
        if not self._values[start]:
            return ""
        size, modified, changed = self._values[start + 1 : start + 4]
        return f"{size} {modified} {changed}"

    def take(self, places: Iterable[int]) -> "FileStates":
        """Return the states of some of the files."""
        chosen = FileStates()
        for place in places:
            chosen._values.extend(self._values[WIDTH * place : WIDTH * (place + 1)])
        return chosen

    def first_of_same(self) -> list[int]:
        """Return, for each file, the place of the first one that is the same, perhaps itself.

        Links lead to the same file. Size and time are compared too, because some network drives
        reuse inodes. A file that does not exist is only the same as itself.
        """
        rows = np.frombuffer(self._values, np.int64).reshape(-1, WIDTH)
        _, numbers, counts = np.unique(rows[:, 5], return_inverse=True, return_counts=True)
        first: dict[tuple[int, ...], int] = {}
        places = list(range(len(self)))
        for place in np.flatnonzero((counts[numbers] > 1) & (rows[:, 0] != 0)).tolist():
            _, size, modified, _, device, inode = rows[place].tolist()
            places[place] = first.setdefault((size, modified, device, inode), place)
        return places


def content_stamp(path: str) -> str:
    """Describe the state of one video, of a folder with that of each file in it.

    A video in a pack has the state of its bytes there. Empty without a video, or where its folder
    or pack cannot be used.
    """
    try:
        own = FileStates([path])
        if not own.is_folder(0):
            return own.stamp(0)
        names = sorted(os.listdir(path))
    except (OSError, DataError):
        return ""
    states = FileStates([os.path.join(path, name) for name in names])
    lines = [f"{name} {states.stamp(place)}" for place, name in enumerate(names)]
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def _spread(parts: int) -> set[int]:
    """Choose the first part, the last and one between: a list may mix disks."""
    return {place * (parts - 1) // (PARTS_TO_TIME - 1) for place in range(PARTS_TO_TIME) if parts}


def _ask_timed(paths: Sequence[str]) -> tuple[float, "array[int]"]:
    """Return the seconds that a file takes, and the answers."""
    start = perf_counter()
    values = _ask(paths)
    return (perf_counter() - start) / len(paths), values


def _ask(paths: Iterable[str]) -> "array[int]":
    values = array("q")
    for path in paths:
        values.extend(_state(path))
    return values


def _state(path: str) -> tuple[int, ...]:
    """Return mode, size, times of change of content and of all, device and inode of a file."""
    if packed := find_open(path):
        return _packed_state(packed)
    try:
        found = os.stat(path)
    except ValueError:  # a zero byte in the name
        return NO_FILE
    except OSError:
        packed = find_packed(path)
        return _packed_state(packed) if packed else NO_FILE
    times = found.st_mtime_ns, found.st_ctime_ns
    return found.st_mode, found.st_size, *times, _signed(found.st_dev), _signed(found.st_ino)


def _packed_state(packed: PackedVideo) -> tuple[int, ...]:
    """Return the state of a video in a pack; the number of its place serves as inode, too."""
    size, modified, written = packed.numbers()
    return stat.S_IFREG, size, modified, written, 0, written


def _signed(number: int) -> int:
    """Fit an unsigned number into 64 bits with a sign."""
    return number - WRAP if number >= WRAP >> 1 else number
