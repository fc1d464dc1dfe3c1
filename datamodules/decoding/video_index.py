"""A cache of scans: each video is scanned once, and again when its file changes."""

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import astuple, fields
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Any, NamedTuple

import av

from datamodules.cores import available_cores
from datamodules.decoding.known_videos import KnownVideos, first_image_stamp
from datamodules.decoding.scan_notes import ScanNotes, warn_of_leftovers
from datamodules.decoding.video import scan
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import DataError, VideoAccessError, VideoDecodeError
from datamodules.file_states import FileStates
from datamodules.progress import with_progress

SHOWN_FAILURES = 3
SECONDS_BETWEEN_SAVES = 5.0
FFMPEG = ".".join(map(str, av.library_versions["libavcodec"]))
READER = f"5 av {av.__version__} libavcodec {FFMPEG}"
"""Version of the scan; another FFmpeg may decode a damaged file differently. Raise the first number
whenever `datamodules.decoding.video_scan` changes its verdicts."""

UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, such as newlines, and bytes that are not UTF-8, as Python decodes them."""

FACTS = ", ".join(field.name for field in fields(VideoFacts))
NO_FACTS = (None,) * len(fields(VideoFacts))
SCHEMA = f"""CREATE TABLE videos (
    path TEXT PRIMARY KEY, stamp TEXT, reader TEXT, error TEXT, {FACTS})"""
SELECT = f"SELECT path, stamp, error, {FACTS} FROM videos WHERE reader = ?"
INSERT = f"""INSERT OR REPLACE INTO videos (path, stamp, reader, error, {FACTS})
    VALUES (?, ?, ?, ?, {", ".join("?" * len(NO_FACTS))})"""
REMOVE_NOTHING = "DELETE FROM videos WHERE path IS NULL"
SINGLE_READ_COST = 4
"""How many rows are read in order in the time of finding one."""

SCHEMA_VERSION = 6
"""Raise it with every change of `SCHEMA`; tables of other versions are replaced by an empty one."""


class Unreadable(NamedTuple):
    """A video that cannot be used, and why; the reason begins with the path."""

    path: str
    reason: str


class Found(NamedTuple):
    """Result of looking up some videos.

    Attributes:
        facts: Of the usable ones, in the order asked for.
        unreadable: The others.
    """

    facts: Sequence[VideoFacts]
    unreadable: list[Unreadable]


class VideoIndex:
    """A cache of `VideoFacts` by absolute path and the state of the file.

    Kept are the facts of usable videos, and why files cannot be used. Not kept are failures whose
    cause may pass while the file stays the same (permissions, a disk, memory, a missing decoder),
    and those of folders, whose images may be mended one by one.

    Args:
        folder: Of its file; created if missing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.file = Path(folder) / "videos.sqlite"

    def look_up(
        self, paths: Sequence[str], jobs: int | None = None, states: FileStates | None = None
    ) -> Found:
        """Return the facts of videos; scan those that are not in the cache.

        An interrupted scan continues where it stopped.

        Args:
            paths: Files or folders.
            jobs: Threads; None for one per core. FFmpeg releases Python's lock.
            states: The present states of these files; None to ask for them.
        """
        for path in paths:
            if not (path.isascii() and path.isprintable()) and UNWRITABLE.search(path):
                raise DataError(f"{path!r}: the name cannot be written down; rename the file")
        first: dict[str, int] = {}
        places = [first.setdefault(_absolute(path), place) for place, path in enumerate(paths)]
        known = KnownVideos(first, FileStates(paths) if states is None else states)
        with self._open() as connection:
            known.add_unchanged(_cached(connection, first))
            missing = known.missing()
            if missing:
                connection.execute(REMOVE_NOTHING)  # if read-only, fails now, not after hours
                connection.rollback()
                folder, threads = self.file.parent, jobs or available_cores()
                scanned = _scan(connection, folder, list(missing), missing, threads)
                for path, outcome in scanned.items():
                    known.add(path, outcome)
        unreadable = [Unreadable(paths[place], why) for place, why in known.unusable(places)]
        return Found(known.facts(places), unreadable)

    def keep(self, facts: Mapping[str, VideoFacts]) -> None:
        """Store the facts of files that need no scan, because they are copies of known ones.

        Args:
            facts: By path of the file, which exists.
        """
        states = FileStates(list(facts))
        with self._open() as connection:
            connection.executemany(
                INSERT,
                (
                    (os.path.abspath(path), states.stamp(place), READER, None, *astuple(known))
                    for place, (path, known) in enumerate(facts.items())
                ),
            )
            connection.commit()

    def scan(self, paths: Sequence[str], jobs: int | None = None) -> list[Unreadable]:
        """Scan the videos that are not in the cache; return those that cannot be used."""
        return self.look_up(paths, jobs).unreadable

    def facts(self, paths: Sequence[str]) -> list[VideoFacts]:
        """Return the facts of videos; scan those that are not in the cache.

        Raises:
            DataError: If any cannot be used; the message names the first ones.
        """
        found = self.look_up(paths)
        refuse_unreadable(found.unreadable, len(paths))
        return list(found.facts)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.file, timeout=60)) as connection:
                _create_table(connection)
                yield connection
        except (sqlite3.OperationalError, OSError) as error:
            raise DataError(
                f"{self.file}: cannot be written ({error}); name another data.index_dir, or wait "
                "where another process holds it"
            ) from None
        except sqlite3.DatabaseError as error:
            raise DataError(
                f"{self.file}: cannot be used ({error}); delete it, it is created again"
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


def refuse_unreadable(failures: Sequence[Unreadable], total: int) -> None:
    """Raise an error if videos cannot be used.

    Raises:
        DataError: If there are any; the message names the first ones.
    """
    if failures:
        shown = "; ".join(failure.reason for failure in failures[:SHOWN_FAILURES])
        more = "" if len(failures) <= SHOWN_FAILURES else ", and others"
        raise DataError(
            f"{len(failures)} of {total} videos cannot be used: {shown}{more}. To leave such "
            "videos out, run python -m datamodules.prepare verify, then set data.skip_unreadable"
        )


def _cached(connection: sqlite3.Connection, paths: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the rows of some videos; of many, it is faster to read all rows of the table."""
    (size,) = connection.execute("SELECT max(rowid) FROM videos").fetchone()
    if len(paths) > (size or 0) / SINGLE_READ_COST:
        yield from connection.execute(SELECT, (READER,))
        return
    for path in paths:
        yield from connection.execute(f"{SELECT} AND path = ?", (READER, path))


def _absolute(path: str) -> str:
    """Make a path absolute; one that is so already stays the same object, which saves memory."""
    absolute = os.path.abspath(path)
    return path if path == absolute else absolute


def _scan(
    connection: sqlite3.Connection,
    folder: Path,
    paths: Sequence[str],
    stamps: dict[str, str],
    jobs: int,
) -> dict[str, VideoFacts | str]:
    outcomes: dict[str, VideoFacts | str] = {}
    rows: list[tuple[object, ...]] = []
    ended: SimpleQueue[Future[None]] = SimpleQueue()
    saved = monotonic()

    def look(path: str) -> None:
        with notes.at(path):
            outcome = _outcome(path)
        outcomes[path] = outcome if isinstance(outcome, VideoFacts) else str(outcome)
        if isinstance(outcome, VideoFacts):
            stamp = stamps[path]
            if os.path.isdir(path):
                stamp += f" {first_image_stamp(path, outcome)}"
            rows.append((path, stamp, READER, None, *astuple(outcome)))
        elif not isinstance(outcome, VideoAccessError) and not os.path.isdir(path):
            rows.append((path, stamps[path], READER, str(outcome), *NO_FACTS))

    def save() -> None:  # in one transaction: other processes never wait for a slow video
        count = len(rows)  # other threads add rows meanwhile
        connection.executemany(INSERT, rows[:count])
        connection.commit()
        del rows[:count]

    warn_of_leftovers(folder)
    try:
        with ScanNotes(folder) as notes, ThreadPoolExecutor(jobs) as pool:
            try:
                for path in paths:
                    pool.submit(look, path).add_done_callback(ended.put)
                for _ in with_progress(paths, "Indexing videos", len(paths)):
                    notes.wait_for(ended).result()
                    if monotonic() - saved > SECONDS_BETWEEN_SAVES:
                        save()
                        saved = monotonic()
            finally:  # started ones finish, the others are cancelled
                pool.shutdown(wait=False, cancel_futures=True)
    finally:
        save()
    return outcomes


def _outcome(path: str) -> VideoFacts | VideoDecodeError:
    try:
        return scan(Path(path))
    except VideoDecodeError as error:
        return error
