"""The index of a pack: a SQLite file with the place of every video in the pack's tar files."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple

import numpy as np

from datamodules.errors import DataError
from datamodules.packs.packed_video import MEMBER, PackedVideo, Shard

INDEX_NAME: Final = "pack.sqlite"
UNFINISHED_NAME: Final = "unfinished.sqlite"
"""Name of the index while `prepare pack` runs, and after an interruption."""

VERSION: Final = 1
"""Raise it with every change of `SCHEMA`."""

SCHEMA: Final = """
CREATE TABLE shards (number INTEGER PRIMARY KEY, size INTEGER, sha256 TEXT);
CREATE TABLE videos (
    name TEXT PRIMARY KEY, shard INTEGER, source TEXT, series BLOB, members BLOB);
"""
DAMAGE: Final = (sqlite3.Error, ValueError, TypeError, KeyError)
"""What reading and using a row raises where bytes of the index have changed."""

COPY_AGAIN: Final = "copy the pack again, or write it again with python -m datamodules.prepare pack"


class Listed(NamedTuple):
    """A name in a pack, relative to its folder, and whether it is a folder of images."""

    name: str
    is_folder: bool


def shard_path(folder: Path, number: int) -> Path:
    """Return the path of a tar file of a pack."""
    return folder / f"{number:05d}.tar"


class PackIndex:
    """A finished pack, opened for reading; the folder may be read-only.

    Threads share one connection to SQLite; every process opens its own. It is opened as immutable,
    hence without locks, which network file systems lack.

    Args:
        folder: Of the pack.

    Raises:
        DataError: If the index cannot be used, or a shard is missing or has another length.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / INDEX_NAME
        self._process = -1
        self._last: tuple[str, PackedVideo] | None = None
        with self._named_errors():
            ((version,),) = self._rows("PRAGMA user_version")
            if version != VERSION:
                raise DataError(
                    f"{self.file}: has version {version}, {VERSION} is needed; write the pack again"
                )
            self.shards = {
                number: Shard(shard_path(folder, number), int(size), str(sha256))
                for number, size, sha256 in self._rows("SELECT number, size, sha256 FROM shards")
            }
        for shard in self.shards.values():
            refuse_other_length(shard)

    def find(self, name: str) -> PackedVideo | None:
        """Find a video by its name relative to the folder."""
        last = self._last
        if last and last[0] == name:  # a reader asks for one video several times
            return last[1]
        query = "SELECT shard, series, members FROM videos WHERE name = ?"
        with self._named_errors():
            rows = self._rows(query, name)
            if not rows:
                return None
            ((shard, series, members),) = rows
            places = np.frombuffer(members, dtype=MEMBER)
            video = PackedVideo(self.folder / name, self.shards[shard], series, places)
        self._last = name, video
        return video

    def names(self, folder: str = "") -> list[Listed]:
        """List the videos below a folder of the pack, sorted; "" for all.

        Args:
            folder: Relative to the pack, with a slash at its end.
        """
        # "0" follows the slash in Unicode, so that the range holds what begins with the folder.
        after = f"{folder[:-1]}0" if folder else "\U0010ffff"
        query = "SELECT name, series != x'' FROM videos WHERE name >= ? AND name < ? ORDER BY name"
        with self._named_errors():
            rows = self._rows(query, folder, after)
        return [Listed(name, bool(is_folder)) for name, is_folder in rows]

    def _rows(self, query: str, *names: str) -> list[Any]:
        """Ask the index; it holds no name that is not UTF-8, as those of files may be."""
        with self._lock_of_process():
            try:
                return self._connection.execute(query, names).fetchall()
            except UnicodeEncodeError:
                return []

    def _lock_of_process(self) -> Lock:
        """Return the lock of this process's connection; open one after a fork."""
        if self._process != os.getpid():
            uri = f"{self.file.absolute().as_uri()}?mode=ro&immutable=1"
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            self._lock = Lock()
            self._process = os.getpid()
        return self._lock

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except DataError:
            raise
        except DAMAGE as error:
            raise DataError(f"{self.file}: cannot be read ({error}); {COPY_AGAIN}") from None


def refuse_other_length(shard: Shard) -> None:
    """Refuse a shard that is missing, cut, or longer than it was.

    Raises:
        DataError: If it is.
    """
    try:
        found = os.stat(shard.path).st_size
    except OSError as error:
        reason = error.strerror or error
        raise DataError(
            f"{shard.path}: this part of the pack cannot be found ({reason}); {COPY_AGAIN}"
        ) from None
    if found != shard.size:
        raise DataError(
            f"{shard.path}: this part of the pack has {found:,} of {shard.size:,} bytes; "
            f"{COPY_AGAIN}"
        )
