"""Finds the videos of a data set by name: one walk through a folder, then look-ups."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from datamodules.errors import DataError
from datamodules.lists.user_list import VIDEO_SUFFIXES


class VideoTree:
    """The videos below a folder by name without ending: video files, or folders of frames.

    Class folders, split folders and endings are ignored, so that transcoded and rearranged copies
    are found too. Hidden files, such as macOS's ``._*``, and files of other kinds are not
    included. Empty or damaged videos are: reading them raises an error.

    Args:
        root: The folder; symbolic links to folders are followed.
        pattern: Matches the names of videos. A folder with a matching name is a video of frames,
            and is not searched.
        ignore_case: Whether names may differ in case.

    Raises:
        DataError: If a folder cannot be read.
    """

    def __init__(self, root: Path, pattern: re.Pattern[str], *, ignore_case: bool = False) -> None:
        self.ignore_case = ignore_case
        self.first: dict[str, str] = {}
        self.others: defaultdict[str, list[str]] = defaultdict(list)
        for name, path in _walk(str(root), pattern, ()):
            key = self._key(name)
            if self.first.setdefault(key, path) != path:
                self.others[key].append(path)

    def find(self, name: str) -> list[str]:
        """Return all paths of a video, sorted; usually there is one."""
        key = self._key(name)
        if key not in self.first:
            return []
        return sorted([self.first[key], *self.others.get(key, [])])

    def _key(self, name: str) -> str:
        return name.casefold() if self.ignore_case else name


def _walk(
    folder: str, pattern: re.Pattern[str], parents: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Yield names without ending, and paths; links back to a parent folder are not followed."""
    real = os.path.realpath(folder)
    if real in parents:
        return
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); check root") from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if not entry.is_dir():
            name, suffix = os.path.splitext(entry.name)
            if suffix.lower() in VIDEO_SUFFIXES and pattern.fullmatch(name):
                yield name, entry.path
        elif pattern.fullmatch(entry.name):
            yield entry.name, entry.path
        else:
            yield from _walk(entry.path, pattern, (*parents, real))
