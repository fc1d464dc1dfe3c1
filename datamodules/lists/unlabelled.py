"""Finds videos without labels: files, frame folders, folders of any depth, csvs of paths."""

import os
from collections.abc import Iterable
from pathlib import Path

from pytorch_lightning.utilities import rank_zero_info

from datamodules.errors import DataError
from datamodules.lists.folder_walk import Entry, find_videos, is_folder
from datamodules.lists.ignored import Ignored
from datamodules.lists.video_csv import read_paths
from datamodules.lists.video_files import has_image_suffix, has_video_suffix, is_system_name
from datamodules.packs import find


def unlabelled_videos(places: Iterable[Path]) -> list[str]:
    """List the videos that some paths name; one that is named twice is listed once.

    Args:
        places: Video files of any ending, folders of numbered images, folders with videos at any
            depth, or csvs with a column ``path``.

    Raises:
        DataError: If a path does not exist, or a folder or csv has no video.
    """
    return list(dict.fromkeys(path for place in places for path in _videos_of(place)))


def is_frame_folder(folder: str | Path) -> bool:
    """Whether a folder is one video: it holds images, and all else below it is neither.

    Images beside videos, or beside folders of images or videos, such as a cover, are no frames.
    """
    if packed := find.find_packed(folder):
        return packed.is_folder and not find.holds_packed(folder)
    if find.open_pack(folder):
        return False
    _, folders, files = next(os.walk(folder), ("", [], []))
    folders, files = ([n for n in names if not is_system_name(n)] for names in (folders, files))
    names = [*folders, *files]
    if not any(map(has_image_suffix, names)) or any(map(has_video_suffix, names)):
        return False
    places = [os.path.join(folder, name) for name in folders]
    below = (name for place in places for _, _, files in os.walk(place) for name in files)
    return not any(has_image_suffix(name) or has_video_suffix(name) for name in below)


def is_one_video(place: Path) -> bool:
    """Whether a path is a single video, and neither a csv nor a folder with videos."""
    if find.is_folder(place):
        return is_frame_folder(place)
    return find.exists(place) and place.suffix.lower() != ".csv"


def _videos_of(place: Path) -> list[str]:
    if not find.exists(place) and not find.holds_packed(place):
        raise DataError(f"{place}: no such file or folder; check the path")
    if is_one_video(place):
        return [str(place)]
    return read_paths(place) if place.is_file() else _videos_below(place)


def _videos_below(folder: Path) -> list[str]:
    ignored = Ignored()
    found = sorted(entry.path for entry in find_videos([str(folder)], _is_video, ignored, set()))
    if not found:
        raise DataError(f"{folder}: holds no video, at any depth ({ignored}); name another folder")
    if ignored:
        rank_zero_info(f"{folder}: {ignored}")
    return found


def _is_video(entry: Entry) -> bool:
    return is_frame_folder(entry.path) if is_folder(entry) else has_video_suffix(entry.name)
