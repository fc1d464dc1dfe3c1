"""The SQLite table of `VideoIndex`: one row for each video, by absolute path."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import av

from datamodules.decoding.video_facts import UNPROVEN, VideoFacts
from datamodules.errors import DataError

FFMPEG = ".".join(map(str, av.library_versions["libavcodec"]))
READER = f"5 av {av.__version__} libavcodec {FFMPEG}"
"""Version of the scan; another FFmpeg may decode a damaged file differently. Raise the first number
whenever `datamodules.decoding.video_scan` changes its verdicts."""

UNPROVEN_READER = f"packets {READER}"
"""Of facts that are not proven; these rows are replaced once the video is decoded."""

FACTS = ", ".join(field.name for field in fields(VideoFacts))
NO_FACTS = (None,) * len(fields(VideoFacts))
SCHEMA = f"""CREATE TABLE videos (
    path TEXT PRIMARY KEY, stamp TEXT, reader TEXT, error TEXT, {FACTS})"""
SELECT = f"SELECT path, stamp, error, {FACTS} FROM videos WHERE reader IN (?, ?)"
INSERT = f"""INSERT OR REPLACE INTO videos (path, stamp, reader, error, {FACTS})
    VALUES (?, ?, ?, ?, {", ".join("?" * len(NO_FACTS))})"""
REMOVE_NOTHING = "DELETE FROM videos WHERE path IS NULL"
SINGLE_READ_COST = 4
"""How many rows are read in order in the time of finding one."""

SCHEMA_VERSION = 6
"""Raise it with every change of `SCHEMA`; tables of other versions are replaced by an empty one."""

Row = tuple[Any, ...]


@contextmanager
def open_table(file: Path) -> Iterator[sqlite3.Connection]:
    """Open the table; create it if it is missing or of another version.

    Raises:
        DataError: If the file cannot be written or is none of SQLite's.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(file, timeout=60)) as connection:
            _create_table(connection)
            yield connection
    except (sqlite3.OperationalError, OSError) as error:
        raise DataError(
            f"{file}: cannot be written ({error}); name another data.index_dir, or wait "
            "where another process holds it"
        ) from None
    except sqlite3.DatabaseError as error:
        raise DataError(
            f"{file}: cannot be used ({error}); delete it, it is created again"
        ) from None


def _create_table(connection: sqlite3.Connection) -> None:
    def is_current() -> bool:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return bool(version == SCHEMA_VERSION)

    if is_current():
        return
    connection.execute("BEGIN IMMEDIATE")  # from here on no other process replaces the table
    if not is_current():
        connection.execute("DROP TABLE IF EXISTS videos")
        connection.execute(SCHEMA)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.commit()


def require_writable(connection: sqlite3.Connection) -> None:
    """Fail now if the table is read-only, and not after hours of work."""
    connection.execute(REMOVE_NOTHING)
    connection.rollback()


def rows_of(
    connection: sqlite3.Connection, paths: Mapping[str, Any], *, unproven: bool
) -> Iterator[Row]:
    """Yield path, stamp, error and facts of some videos that are in the table, and perhaps others.

    Of many videos, it is faster to read all rows of the table.

    Args:
        connection: The open table.
        paths: Absolute paths.
        unproven: Whether facts may be unproven.
    """
    readers = (READER, UNPROVEN_READER if unproven else READER)
    (size,) = connection.execute("SELECT max(rowid) FROM videos").fetchone()
    if len(paths) > (size or 0) / SINGLE_READ_COST:
        yield from connection.execute(SELECT, readers)
        return
    for path in paths:
        yield from connection.execute(f"{SELECT} AND path = ?", (*readers, path))


def refused(connection: sqlite3.Connection) -> set[str]:
    """Return the paths of all videos that cannot be used."""
    query = "SELECT path FROM videos WHERE reader = ? AND error IS NOT NULL"
    return {path for (path,) in connection.execute(query, (READER,))}


def row(path: str, stamp: str, outcome: VideoFacts | str) -> Row:
    """Make the row of a video from its facts, or from the reason why it cannot be used."""
    if isinstance(outcome, str):
        return path, stamp, READER, outcome, *NO_FACTS
    reader = UNPROVEN_READER if outcome.seek_index == UNPROVEN else READER
    return path, stamp, reader, None, *astuple(outcome)


def save(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Write rows in one transaction: other processes never wait for a slow video."""
    connection.executemany(INSERT, rows)
    connection.commit()
