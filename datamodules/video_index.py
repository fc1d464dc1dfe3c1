"""What each video holds: found out once, kept, found out anew when a file changes."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import astuple, fields
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import av
from rich.progress import track

from datamodules.cores import available_cores
from datamodules.errors import DataError, VideoDecodeError
from datamodules.video import scan
from datamodules.video_facts import VideoFacts

SHOWN_FAILURES = 3
SECONDS_BETWEEN_SAVES = 5.0
READER = f"1 av {av.__version__}"
"""What found the facts; another FFmpeg may decode a damaged file otherwise."""

FACTS = ", ".join(field.name for field in fields(VideoFacts))
SCHEMA = f"""CREATE TABLE IF NOT EXISTS videos (
    path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, reader TEXT, error TEXT, {FACTS})"""


class Unreadable(NamedTuple):
    """A video that cannot be used, and why; the reason begins with the path."""

    path: str
    reason: str


class VideoIndex:
    """A cache of `VideoFacts` by absolute path, size and modification time.

    Args:
        folder: Where its file lives; made if missing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.file = Path(folder) / "videos.sqlite"

    def scan(self, paths: Sequence[str], jobs: int | None = None) -> list[Unreadable]:
        """Look through the videos that are not known yet; an interrupted scan goes on from there.

        Args:
            paths: Files or folders.
            jobs: Threads; None for one per core. FFmpeg releases Python's lock.

        Returns:
            Those that cannot be used, of all ``paths``.
        """
        stamps = {path: _stamp(path) for path in dict.fromkeys(map(os.path.abspath, paths))}
        absent = [
            Unreadable(path, f"{path}: no such file; check the list and its root")
            for path, stamp in stamps.items()
            if stamp is None
        ]
        present = {path: stamp for path, stamp in stamps.items() if stamp is not None}
        with self._open() as connection:
            known = _errors(connection, present)
            missing = [path for path in present if path not in known]
            if missing:
                known |= _scan(connection, missing, present, jobs or available_cores())
        return absent + [
            Unreadable(path, reason) for path in present if (reason := known[path]) is not None
        ]

    def facts(self, paths: Sequence[str]) -> list[VideoFacts]:
        """Give the facts of usable videos, looking through those not known yet.

        Raises:
            DataError: If any cannot be used; the message names the first ones.
        """
        refuse_unreadable(self.scan(paths), len(paths))
        with self._open() as connection:
            rows = connection.execute(f"SELECT path, {FACTS} FROM videos WHERE error IS NULL")
            wanted = set(map(os.path.abspath, paths))
            by_path = {path: VideoFacts(*facts) for path, *facts in rows if path in wanted}
        return [by_path[os.path.abspath(path)] for path in paths]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(self.file, timeout=60)) as connection:
                connection.execute(SCHEMA)
                yield connection
        except sqlite3.DatabaseError as error:
            raise DataError(
                f"{self.file}: cannot be used ({error}); delete it, it is made anew"
            ) from None


def refuse_unreadable(failures: Sequence[Unreadable], total: int) -> None:
    """Stop where videos cannot be used.

    Raises:
        DataError: If there are any; the message names the first ones.
    """
    if failures:
        shown = "; ".join(failure.reason for failure in failures[:SHOWN_FAILURES])
        more = "" if len(failures) <= SHOWN_FAILURES else ", and others"
        raise DataError(f"{len(failures)} of {total} videos cannot be used: {shown}{more}")


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _errors(
    connection: sqlite3.Connection, stamps: dict[str, tuple[int, int]]
) -> dict[str, str | None]:
    """Give what is known of unchanged videos: None, or why one cannot be used."""
    rows = connection.execute(
        "SELECT path, size, mtime_ns, error FROM videos WHERE reader = ?", (READER,)
    )
    return {path: error for path, *stamp, error in rows if stamps.get(path) == tuple(stamp)}


def _scan(
    connection: sqlite3.Connection,
    paths: Sequence[str],
    stamps: dict[str, tuple[int, int]],
    jobs: int,
) -> dict[str, str | None]:
    def look(path: str) -> VideoFacts | VideoDecodeError:
        try:
            return scan(Path(path))
        except VideoDecodeError as error:
            return error

    columns = f"path, size, mtime_ns, reader, error, {FACTS}"
    marks = ", ".join("?" * len(columns.split(",")))
    insert = f"INSERT OR REPLACE INTO videos ({columns}) VALUES ({marks})"
    errors: dict[str, str | None] = {}
    saved = monotonic()
    with ThreadPoolExecutor(jobs) as pool:
        found = zip(paths, pool.map(look, paths), strict=True)
        try:
            for path, facts in track(found, "Indexing videos", total=len(paths)):
                values: tuple[Any, ...] = (None,) * len(fields(VideoFacts))
                errors[path] = None
                if isinstance(facts, VideoDecodeError):
                    errors[path] = str(facts)
                else:
                    values = astuple(facts)
                connection.execute(insert, (path, *stamps[path], READER, errors[path], *values))
                if monotonic() - saved > SECONDS_BETWEEN_SAVES:
                    connection.commit()
                    saved = monotonic()
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
        finally:
            connection.commit()
    return errors
