"""A cache of scans: each video is scanned once, and again when its file changes."""

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import astuple, fields
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import NamedTuple

import av

from datamodules.cores import available_cores
from datamodules.decoding.image_series import ImageSeries
from datamodules.decoding.scan_notes import ScanNotes, warn_of_leftovers
from datamodules.decoding.video import scan
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import DataError, VideoAccessError, VideoDecodeError
from datamodules.packs.find import find_open, find_packed
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

    facts: list[VideoFacts]
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

    def look_up(self, paths: Sequence[str], jobs: int | None = None) -> Found:
        """Return the facts of videos; scan those that are not in the cache.

        An interrupted scan continues where it stopped.

        Args:
            paths: Files or folders.
            jobs: Threads; None for one per core. FFmpeg releases Python's lock.
        """
        for path in paths:
            if UNWRITABLE.search(path):
                raise DataError(f"{path!r}: the name cannot be written down; rename the file")
        stamps = {path: _stamp(path) for path in dict.fromkeys(map(os.path.abspath, paths))}
        present = {path: stamp for path, stamp in stamps.items() if stamp}
        with self._open() as connection:
            known = _known(connection, present)
            missing = [path for path in present if path not in known]
            if missing:
                folder, threads = self.file.parent, jobs or available_cores()
                known |= _scan(connection, folder, missing, present, threads)
        for path in stamps.keys() - present.keys():
            known[path] = f"{path}: no such file; check the list and its root"
        outcomes = [known[os.path.abspath(path)] for path in paths]
        return Found(
            facts=[outcome for outcome in outcomes if isinstance(outcome, VideoFacts)],
            unreadable=[
                Unreadable(path, outcome)
                for path, outcome in zip(paths, outcomes, strict=True)
                if isinstance(outcome, str)
            ],
        )

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
        return found.facts

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


def _stamp(path: str) -> str:
    """Describe the state of a file or folder; empty if it is not there.

    The time of the last change (ctime) also changes where content of the same size replaces the
    former and the modification time is set back, and with permissions.
    """
    if packed := find_open(path):
        return packed.state()
    try:
        status = os.stat(path)
    except OSError:
        packed = find_packed(path)
        return packed.state() if packed else ""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _stamp_of_first_image(path: str, facts: VideoFacts) -> str:
    """Describe the state of the image that a folder's facts come from; empty for a file."""
    if not os.path.isdir(path):
        return ""
    return " " + _stamp(os.path.join(path, ImageSeries.from_bytes(facts.seek_index).name(0)))


def _known(connection: sqlite3.Connection, stamps: dict[str, str]) -> dict[str, VideoFacts | str]:
    """Return the cached outcomes of unchanged videos: facts, or why one cannot be used."""
    rows = connection.execute(
        f"SELECT path, stamp, error, {FACTS} FROM videos WHERE reader = ?", (READER,)
    )
    known: dict[str, VideoFacts | str] = {}
    for path, stamp, error, *values in rows:
        if path in stamps and stamp.startswith(stamps[path]):
            facts = None if error else VideoFacts(*values)
            if stamp == stamps[path] + (_stamp_of_first_image(path, facts) if facts else ""):
                known[path] = facts or error
    return known


def _scan(
    connection: sqlite3.Connection,
    folder: Path,
    paths: Sequence[str],
    stamps: dict[str, str],
    jobs: int,
) -> dict[str, VideoFacts | str]:
    columns = f"path, stamp, reader, error, {FACTS}"
    marks = ", ".join("?" * len(columns.split(",")))
    insert = f"INSERT OR REPLACE INTO videos ({columns}) VALUES ({marks})"
    outcomes: dict[str, VideoFacts | str] = {}
    rows: list[tuple[object, ...]] = []
    ended: SimpleQueue[Future[None]] = SimpleQueue()
    saved = monotonic()

    def look(path: str) -> None:
        with notes.at(path):
            outcome = _outcome(path)
        outcomes[path] = outcome if isinstance(outcome, VideoFacts) else str(outcome)
        if isinstance(outcome, VideoFacts):
            stamp = stamps[path] + _stamp_of_first_image(path, outcome)
            rows.append((path, stamp, READER, None, *astuple(outcome)))
        elif not isinstance(outcome, VideoAccessError) and not os.path.isdir(path):
            rows.append((path, stamps[path], READER, str(outcome), *NO_FACTS))

    def save() -> None:  # in one transaction: other processes never wait for a slow video
        count = len(rows)  # other threads add rows meanwhile
        connection.executemany(insert, rows[:count])
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
