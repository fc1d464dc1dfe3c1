"""Finds videos by path, whether they are files, folders of images, or in a pack.

A video in a pack has the path of the pack's folder and its own name, as if it were a file there.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from datamodules.errors import DataError
from datamodules.packs.pack_index import INDEX_NAME, UNFINISHED_NAME, PackIndex
from datamodules.packs.packed_video import PackedVideo

_open_packs: dict[str, tuple[tuple[int, ...], PackIndex]] = {}
"""The packs that this process has opened, by folder with a slash, and the states of their indexes;
each holds one file open."""


class PackEntry(NamedTuple):
    """An entry of a folder in a pack, with what is used of `os.DirEntry`."""

    name: str
    path: str
    folder: bool

    def is_dir(self) -> bool:
        """Whether it is a folder, of videos or images."""
        return self.folder

    def is_symlink(self) -> bool:
        """Return False: there are no links in a pack."""
        return False


def find_packed(path: str | Path) -> PackedVideo | None:
    """Find a video in a pack; None if it is in none.

    Raises:
        DataError: If it is in the folder of a pack that cannot be used.
    """
    if packed := find_open(path):
        return packed
    if os.path.lexists(path):
        return None
    full = os.path.abspath(path)
    for parent in Path(full).parents:
        if pack := open_pack(parent):
            return pack.find(os.path.relpath(full, parent))
    return None


def find_open(path: str | Path) -> PackedVideo | None:
    """Find a video in the packs that this process has opened; the file system is not asked."""
    if not _open_packs:
        return None
    full = os.path.abspath(path)
    for folder, (_, pack) in list(_open_packs.items()):
        if full.startswith(folder) and (video := pack.find(full[len(folder) :])):
            return video
    return None


def open_pack(folder: str | Path) -> PackIndex | None:
    """Open the pack of a folder; None if it holds none.

    Raises:
        DataError: If the pack is unfinished or cannot be used.
    """
    place = os.path.join(os.path.abspath(folder), "")
    try:
        status = os.stat(place + INDEX_NAME)
    except (OSError, ValueError):  # a zero byte in the name
        _open_packs.pop(place, None)
        if os.path.isfile(place + UNFINISHED_NAME):
            raise DataError(
                f"{folder}: this pack is not finished; call python -m datamodules.prepare pack "
                "again as before, it goes on where it stopped"
            ) from None
        return None
    state = (status.st_ino, status.st_size, status.st_mtime_ns)
    if place not in _open_packs or _open_packs[place][0] != state:
        _open_packs[place] = state, PackIndex(Path(place))
    return _open_packs[place][1]


def exists(path: str | Path) -> bool:
    """Whether there is a video at a path."""
    return find_packed(path) is not None or os.path.exists(path)


def is_folder(path: str | Path) -> bool:
    """Whether a video is a folder of images."""
    if (packed := find_open(path)) is None:
        if os.path.isdir(path):
            return True
        packed = find_packed(path)
    return packed is not None and packed.is_folder


def holds_packed(folder: str | Path) -> bool:
    """Whether there are videos of a pack below a folder."""
    return bool(_packed_entries(str(folder)))


def scan_folder(folder: str) -> "Iterator[os.DirEntry[str] | PackEntry]":
    """Yield the entries of a folder; of a pack, the videos and folders in it, not its files.

    Raises:
        OSError: If the folder cannot be read.
        DataError: If it belongs to a pack that cannot be used.
    """
    entries = _packed_entries(folder)
    if entries or (entries is not None and not os.path.isdir(folder)):
        yield from entries
    else:
        yield from os.scandir(folder)


def _pack_around(folder: str) -> PackIndex | None:
    """Return the pack of a folder, or of one that it lies in; None if it lies in none."""
    for place in list(_open_packs):
        if folder.startswith(place) and (pack := open_pack(place)):
            return pack
    for place in (folder, *map(str, Path(folder).parents)):
        if pack := open_pack(place):
            return pack
        if os.path.isdir(place):  # the folder itself, or its first parent that exists
            return None
    return None


def _packed_entries(folder: str) -> list[PackEntry] | None:
    """List what a pack has below a folder; None where there is no pack."""
    full = os.path.join(os.path.abspath(folder), "")
    pack = _pack_around(full)
    if pack is None:
        return None
    inside = full[len(os.path.join(pack.folder, "")) :]
    folders: dict[str, bool] = {}
    for video in pack.names(inside):
        name, slash, _ = video.name[len(inside) :].partition("/")
        folders[name] = folders.get(name, False) or bool(slash) or video.is_folder
    return [PackEntry(name, os.path.join(folder, name), folders[name]) for name in folders]
