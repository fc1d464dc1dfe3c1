"""The index of a pack while it is written: a SQLite file that grows by one tar file at a time."""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

from datamodules.atomic_write import atomic_write
from datamodules.errors import DataError
from datamodules.packs.pack_index import (
    INDEX_NAME,
    SCHEMA,
    UNFINISHED_NAME,
    VERSION,
    shard_path,
)
from datamodules.packs.packed_video import Shard

SUMS_NAME = "SHA256SUMS"
"""Name of the file of checksums, as ``sha256sum --check`` reads it."""


class Row(NamedTuple):
    """A video of the index; see `SCHEMA`."""

    name: str
    source: str
    series: bytes
    members: bytes


class UnfinishedIndex:
    """Records finished tar files and their videos.

    The index of a finished pack is copied before it grows, and replaced at the end: readers see
    the old one or the new one.

    Args:
        folder: Of the pack.

    Raises:
        DataError: If the folder holds an index that cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = (UNFINISHED_NAME, INDEX_NAME)
        found = next((folder / name for name in names if (folder / name).exists()), None)
        self.file = found or folder / UNFINISHED_NAME
        if found:
            with self._open() as connection:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                raise DataError(
                    f"{found}: has version {version}, {VERSION} is needed; choose another output"
                )

    @property
    def is_finished(self) -> bool:
        """Whether readers see everything that is recorded."""
        return self.file.name == INDEX_NAME

    def begin(self) -> None:
        """Create the file, unless an interrupted call has left it.

        Raises:
            DataError: If it cannot be written.
        """
        unfinished = self.folder / UNFINISHED_NAME
        if not unfinished.exists():
            with atomic_write(unfinished) as draft:
                if self.file.exists():
                    shutil.copyfile(self.file, draft)
                else:
                    _create(draft)
        self.file = unfinished

    def sources(self) -> dict[str, str]:
        """Return the state of the source of each recorded video, by its name."""
        if not self.file.exists():
            return {}
        with self._open() as connection:
            return dict(connection.execute("SELECT name, source FROM videos"))

    def forget_lost(self) -> int:
        """Forget tar files that are missing or have another length, and their videos.

        Returns:
            How many tar files.
        """
        if not self.file.exists():
            return 0
        with self._open() as connection:
            rows = connection.execute("SELECT number, size, sha256 FROM shards").fetchall()
        shards = {number: Shard(shard_path(self.folder, number), *row) for number, *row in rows}
        lost = [(n,) for n, shard in shards.items() if shard.size_and_time()[0] != shard.size]
        if lost:
            self.begin()
            with self._open() as connection:
                connection.executemany("DELETE FROM videos WHERE shard = ?", lost)
                connection.executemany("DELETE FROM shards WHERE number = ?", lost)
        return len(lost)

    def free_numbers(self) -> Iterator[int]:
        """Yield the numbers of tar files that are not recorded."""
        with self._open() as connection:
            used = {number for (number,) in connection.execute("SELECT number FROM shards")}
        return (number for number in count() if number not in used)

    def add(self, number: int, size: int, sha256: str, rows: Sequence[Row]) -> None:
        """Record a tar file and its videos, all or nothing; threads may call this at once."""
        with self._open() as connection:
            connection.execute("INSERT INTO shards VALUES (?, ?, ?)", (number, size, sha256))
            connection.executemany(
                "INSERT INTO videos VALUES (?, ?, ?, ?, ?)",
                [(row.name, number, row.source, row.series, row.members) for row in rows],
            )

    def finish(self) -> None:
        """Write the checksums of the tar files, and let readers see the pack."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT sha256, number FROM shards ORDER BY number"
            ).fetchall()
        with atomic_write(self.folder / SUMS_NAME) as draft:
            draft.write_text("".join(f"{sha256}  {number:05d}.tar\n" for sha256, number in rows))
        try:
            self.file.replace(self.folder / INDEX_NAME)
        except OSError as error:
            raise DataError(f"{self.file}: cannot be renamed ({error.strerror})") from error

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.file, timeout=60)) as connection, connection:
                yield connection
        except sqlite3.Error as error:
            raise DataError(
                f"{self.file}: cannot be written ({error}); make room, or choose another place"
            ) from error


def _create(file: Path) -> None:
    try:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.executescript(SCHEMA)
            connection.execute(f"PRAGMA user_version = {VERSION}")
    except sqlite3.Error as error:
        raise OSError(str(error)) from error
