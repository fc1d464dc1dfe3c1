"""Where the videos of a data set lie: one walk through a folder, then look-ups by name."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from datamodules.errors import DataError
from datamodules.lists.user_list import VIDEO_SUFFIXES


class VideoTree:
    """Videos below a folder by name without ending: video files, or folders of frames.

    Class folders, split folders and endings make no difference, so that transcoded and rearranged
    copies are found too. Hidden files, such as macOS's ``._*``, and other files are passed over;
    an empty or damaged video is not, and whoever reads it will say so.

    Args:
        root: The folder; links to folders are followed.
        pattern: Fits the names of videos. A folder so named is a video: nobody looks inside.
        ignore_case: Whether upper and lower case make no difference.

    Raises:
        DataError: If there is no such folder, or it cannot be read.
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
        """Give all places of a video, sorted; usually there is one."""
        key = self._key(name)
        if key not in self.first:
            return []
        return sorted([self.first[key], *self.others.get(key, [])])

    def _key(self, name: str) -> str:
        return name.casefold() if self.ignore_case else name


def _walk(
    folder: str, pattern: re.Pattern[str], parents: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Give names without ending, and paths; a link back to a parent is not followed."""
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
