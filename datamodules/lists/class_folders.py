"""Reads class folders: ``<class>/<video>``, or ``<split>/<class>/<video>``."""

import os
from collections.abc import Sequence
from pathlib import Path

from pytorch_lightning.utilities import rank_zero_info

from datamodules.errors import DataError
from datamodules.lists.folder_walk import Content, Entry, find_videos, read_folder
from datamodules.lists.ignored import Ignored, Reason
from datamodules.lists.splitting import SPLITS, Split, possible_splits
from datamodules.lists.user_list import AnnotatedVideo
from datamodules.lists.video_files import VIDEO_SUFFIXES, has_video_suffix
from datamodules.packs.find import holds_packed

LAYOUT = "<class>/<video>, or the same below train, val and test"


def read_class_folders(root: Path) -> tuple[list[AnnotatedVideo], Ignored]:
    """Read the videos of class folders, perhaps below folders of splits.

    Folders of splits may have other usual names, such as ``training`` or ``Validation``.

    Returns:
        The videos, sorted by split, class and name, and what is not read.

    Raises:
        DataError: If the folder does not exist or holds no video, or if it is not clear which
            folders are splits and which are classes.
    """
    if not root.is_dir() and not holds_packed(root):
        raise DataError(f"{root}: no such folder; give a folder of class folders, or a csv")
    reader = _Reader(str(root))
    videos = reader.read()
    if not videos:
        raise DataError(
            f"{root}: holds no <class>/<video> file; {reader.ignored}; known endings: "
            f"{' '.join(sorted(VIDEO_SUFFIXES))}"
        )
    return videos, reader.ignored


class _Reader:
    """Reads one folder of class folders, and counts what is not read."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.ignored = Ignored()
        self.seen = {os.path.realpath(root)}
        self.subfolders: list[str] = []

    def read(self) -> list[AnnotatedVideo]:
        """Read all class folders, then count the videos in their subfolders."""
        folders = self._outside_classes(self.root).folders
        parts = _find_splits(self.root, folders)
        if parts:
            videos = [video for split, part in parts.items() for video in self._split(split, part)]
            self._count_empty([folder for folder in folders if folder not in parts.values()])
        else:
            videos = [video for folder in folders for video in self._class("", folder)]
        for entry in find_videos(self.subfolders, _is_video, self.ignored, self.seen):
            folder = os.path.relpath(os.path.dirname(entry.path), self.root)
            self.ignored.add(Reason.DEEPER, folder)
        return videos

    def _split(self, split: Split, part: Entry) -> list[AnnotatedVideo]:
        """Read the class folders of one split."""
        self.seen.add(os.path.realpath(part.path))
        content = self._outside_classes(part.path)
        videos = [video for folder in content.folders for video in self._class(split, folder)]
        if content.videos and not videos:
            raise DataError(
                f"{part.path}: the videos of this split are not in class folders; sort them into "
                f"{LAYOUT}, or list them in a csv"
            )
        return videos

    def _class(self, split: str, folder: Entry) -> list[AnnotatedVideo]:
        """Read the videos of one class folder."""
        if _is_link_to_parent(folder):
            self.ignored.add(Reason.LINK, folder.name)
            return []
        self.seen.add(os.path.realpath(folder.path))
        videos, subfolders = read_folder(folder.path, _is_video, self.ignored)
        self.subfolders += [subfolder.path for subfolder in subfolders]
        if not videos:
            self.ignored.add(Reason.NO_VIDEO, folder.name)
        paths = [str(Path(file.path)) for file in videos]
        return [AnnotatedVideo(path, folder.name, "", split, "", path) for path in paths]

    def _outside_classes(self, folder: str) -> Content:
        """Read a folder of class folders; videos outside of these are counted."""
        content = read_folder(folder, _is_video, self.ignored)
        for entry in content.videos:
            self.ignored.add(Reason.LOOSE, entry.name)
        return content

    def _count_empty(self, folders: Sequence[Entry]) -> None:
        for folder in folders:
            self.ignored.add(Reason.NO_VIDEO, folder.name)
            self.subfolders.append(folder.path)


def _find_splits(root: str, folders: Sequence[Entry]) -> dict[Split, Entry]:
    """Find the folders of splits by their names, in the order of `SPLITS`; empty if none.

    Folders without any video do not count.

    Raises:
        DataError: If a name may mean two splits, two names mean one, or there are classes too.
    """
    if not any(possible_splits(folder.name) for folder in folders):
        return {}
    filled = [folder for folder in folders if _holds_video(folder)]
    named = [folder for folder in filled if possible_splits(folder.name)]
    parts: dict[Split, Entry] = {}
    for folder in named:
        split, *others = possible_splits(folder.name)
        if others:
            choices = " or ".join([split, *others])
            raise DataError(f"{folder.path}: may be the split {choices}; rename it to one of them")
        if split in parts:
            raise DataError(
                f"{parts[split].path} and {folder.path}: both are named like the split {split}; "
                "keep one, or list the videos in a csv with a column split"
            )
        parts[split] = folder
    classes = [folder.name for folder in filled if folder not in named]
    if parts and classes:
        raise DataError(
            f"{root}: {named[0].name!r} is named like a split, {classes[0]!r} like a class; "
            f"rename one, sort the videos into {LAYOUT}, or list them in a csv"
        )
    if any(folder.name != split for split, folder in parts.items()):
        read_as = ", ".join(f"{folder.name} as {split}" for split, folder in parts.items())
        rank_zero_info(f"{root}: reads the folders {read_as}")
    return {split: parts[split] for split in SPLITS if split in parts}


def _holds_video(folder: Entry) -> bool:
    return any(find_videos([folder.path], _is_video, Ignored(), set()))


def _is_video(entry: Entry) -> bool:
    return has_video_suffix(entry.name)


def _is_link_to_parent(folder: Entry) -> bool:
    real, parent = os.path.realpath(folder.path), os.path.realpath(os.path.dirname(folder.path))
    return os.path.commonpath([real, parent]) == real
