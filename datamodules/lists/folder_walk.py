"""Reads folders of videos; whatever is not a video is counted."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from datamodules.errors import DataError
from datamodules.lists.ignored import Ignored, Reason
from datamodules.lists.video_files import has_image_suffix, has_video_suffix, is_system_name
from datamodules.packs.find import PackEntry, find_open, scan_folder

Entry = os.DirEntry[str] | PackEntry
Test = Callable[[Entry], bool]


class Content(NamedTuple):
    """The content of a folder, sorted by name.

    Attributes:
        videos: Video files, and folders of frames.
        folders: Other folders, and links to folders.
    """

    videos: list[Entry]
    folders: list[Entry]


def read_folder(folder: str, is_video: Test, ignored: Ignored) -> Content:
    """Read one folder, without its subfolders.

    Args:
        folder: The folder.
        is_video: Whether an entry is a video.
        ignored: Counts hidden and system entries, images, and files of other kinds.

    Raises:
        DataError: If it cannot be read, or a name is not UTF-8, which no report could show.
    """
    content = Content([], [])
    has_images = find_open(folder) is not None  # a pack has no entries for single images
    for entry in _visible_entries(folder, ignored):
        if is_video(entry):
            content.videos.append(entry)
        elif is_folder(entry):
            content.folders.append(entry)
        elif has_image_suffix(entry.name):
            has_images = True
        elif has_video_suffix(entry.name):
            ignored.add(Reason.OTHER_NAME, entry.name)
        else:
            ignored.add(Reason.ENDING, os.path.splitext(entry.name)[1] or entry.name)
    if has_images:
        ignored.add(Reason.IMAGES, os.path.basename(folder))
    return content


def find_videos(
    folders: Iterable[str], is_video: Test, ignored: Ignored, seen: set[str]
) -> Iterator[Entry]:
    """Yield the videos in some folders and all their subfolders; each real folder is read once.

    Links to folders come last, so that a video is found at its own path if that is in the
    folders too. Circular links are read once.

    Args:
        folders: Where to start.
        is_video: Whether an entry is a video. A folder that is one is not searched.
        ignored: Counts what is not a video.
        seen: The real paths of folders that have been read; new ones are added.

    Raises:
        DataError: If a folder cannot be read.
    """
    waiting, links = deque(folders), deque[str]()
    while waiting or links:
        folder = waiting.popleft() if waiting else links.popleft()
        real = os.path.realpath(folder)
        if real in seen:
            ignored.add(Reason.LINK, os.path.basename(folder))
            continue
        seen.add(real)
        content = read_folder(folder, is_video, ignored)
        yield from content.videos
        for entry in content.folders:
            (links if entry.is_symlink() else waiting).append(entry.path)


def is_folder(entry: Entry) -> bool:
    """Whether an entry is a folder or a link to one; a link that leads to itself is not."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _visible_entries(folder: str, ignored: Ignored) -> list[Entry]:
    try:
        entries = sorted(scan_folder(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); check root") from None
    for entry in entries:
        if is_system_name(entry.name):
            reason = Reason.SYSTEM_FOLDER if is_folder(entry) else Reason.SYSTEM_FILE
            ignored.add(reason, "._*" if entry.name.startswith("._") else entry.name)
    visible = [entry for entry in entries if not is_system_name(entry.name)]
    for entry in visible:
        try:
            entry.name.encode()
        except UnicodeEncodeError:
            raise DataError(f"{entry.path!a}: the name is not UTF-8; rename it") from None
    return visible
