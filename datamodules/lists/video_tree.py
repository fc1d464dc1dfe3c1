"""Finds the videos of a data set by name: one walk through a folder, then look-ups."""

import os
import re
from collections import defaultdict
from pathlib import Path

from pytorch_lightning.utilities import rank_zero_info

from datamodules.lists.folder_walk import Entry, find_videos, is_folder
from datamodules.lists.ignored import Ignored
from datamodules.lists.video_files import VIDEO_SUFFIXES


class VideoTree:
    """The videos below a folder by name without ending: video files, or folders of frames.

    Class folders, split folders and endings are ignored, so that transcoded and rearranged copies
    are found too. Hidden files, such as macOS's ``._*``, and files of other kinds are ignored
    and counted. Empty or damaged videos are included: reading them raises an error.

    Args:
        root: The folder; symbolic links to folders are followed.
        pattern: Matches the names of videos. A folder with a matching name is a video of frames,
            and is not searched.
        ignore_case: Whether names may differ in case.

    Raises:
        DataError: If a folder cannot be read.
    """

    def __init__(self, root: Path, pattern: re.Pattern[str], *, ignore_case: bool = False) -> None:
        self.pattern = pattern
        self.ignore_case = ignore_case
        self.ignored = Ignored()
        self.first: dict[str, str] = {}
        self.others: defaultdict[str, list[str]] = defaultdict(list)
        for entry in find_videos([str(root)], self._is_video, self.ignored, set()):
            key = self._key(_video_name(entry))
            if self.first.setdefault(key, entry.path) != entry.path:
                self.others[key].append(entry.path)
        if self.ignored:
            rank_zero_info(f"{root}: {self.ignored}")

    def find(self, name: str) -> list[str]:
        """Return all paths of a video, sorted; usually there is one."""
        key = self._key(name)
        if key not in self.first:
            return []
        return sorted([self.first[key], *self.others.get(key, [])])

    def _is_video(self, entry: Entry) -> bool:
        if is_folder(entry):
            return self.pattern.fullmatch(entry.name) is not None
        name, suffix = os.path.splitext(entry.name)
        return suffix.lower() in VIDEO_SUFFIXES and self.pattern.fullmatch(name) is not None

    def _key(self, name: str) -> str:
        return name.casefold() if self.ignore_case else name


def _video_name(entry: Entry) -> str:
    return entry.name if is_folder(entry) else os.path.splitext(entry.name)[0]
