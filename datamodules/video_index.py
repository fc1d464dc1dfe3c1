"""What each video holds: found out once, kept, found out anew when a file changes."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import astuple, fields
from pathlib import Path
from time import monotonic
from typing import NamedTuple

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


class Found(NamedTuple):
    """What an index knows of some videos.

    Attributes:
        facts: Of the usable ones, in their order.
        unreadable: The others.
    """

    facts: list[VideoFacts]
    unreadable: list[Unreadable]


class VideoIndex:
    """A cache of `VideoFacts` by absolute path, size and modification time.

    Args:
        folder: Where its file lives; made if missing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.file = Path(folder) / "videos.sqlite"

    def look_up(self, paths: Sequence[str], jobs: int | None = None) -> Found:
        """Give what is known of videos, looking through those that are not known yet.

        Files are touched once. An interrupted look goes on from there.

        Args:
            paths: Files or folders.
            jobs: Threads; None for one per core. FFmpeg releases Python's lock.
        """
        stamps = {path: _stamp(path) for path in dict.fromkeys(map(os.path.abspath, paths))}
        present = {path: stamp for path, stamp in stamps.items() if stamp is not None}
        with self._open() as connection:
            known = _known(connection, present)
            missing = [path for path in present if path not in known]
            if missing:
                known |= _scan(connection, missing, present, jobs or available_cores())
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
        """Look through the videos that are not known yet; give those that cannot be used."""
        return self.look_up(paths, jobs).unreadable

    def facts(self, paths: Sequence[str]) -> list[VideoFacts]:
        """Give the facts of videos, looking through those not known yet.

        Raises:
            DataError: If any cannot be used; the message names the first ones.
        """
        found = self.look_up(paths)
        refuse_unreadable(found.unreadable, len(paths))
        return found.facts

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


def _known(
    connection: sqlite3.Connection, stamps: dict[str, tuple[int, int]]
) -> dict[str, VideoFacts | str]:
    """Give what is known of unchanged videos: their facts, or why one cannot be used."""
    rows = connection.execute(
        f"SELECT path, size, mtime_ns, error, {FACTS} FROM videos WHERE reader = ?", (READER,)
    )
    return {
        path: VideoFacts(*facts) if error is None else error
        for path, size, mtime_ns, error, *facts in rows
        if stamps.get(path) == (size, mtime_ns)
    }


def _scan(
    connection: sqlite3.Connection,
    paths: Sequence[str],
    stamps: dict[str, tuple[int, int]],
    jobs: int,
) -> dict[str, VideoFacts | str]:
    def look(path: str) -> VideoFacts | str:
        try:
            return scan(Path(path))
        except VideoDecodeError as error:
            return str(error)

    columns = f"path, size, mtime_ns, reader, error, {FACTS}"
    marks = ", ".join("?" * len(columns.split(",")))
    insert = f"INSERT OR REPLACE INTO videos ({columns}) VALUES ({marks})"
    outcomes: dict[str, VideoFacts | str] = {}
    saved = monotonic()
    with ThreadPoolExecutor(jobs) as pool:
        found = zip(paths, pool.map(look, paths), strict=True)
        try:
            for path, outcome in track(found, "Indexing videos", total=len(paths)):
                outcomes[path] = outcome
                row: tuple[object, ...] = (path, *stamps[path], READER)
                if isinstance(outcome, str):
                    row += (outcome, *(None for _ in fields(VideoFacts)))
                else:
                    row += (None, *astuple(outcome))
                connection.execute(insert, row)
                if monotonic() - saved > SECONDS_BETWEEN_SAVES:
                    connection.commit()
                    saved = monotonic()
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
        finally:
            connection.commit()
    return outcomes
