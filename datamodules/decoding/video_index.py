"""A cache of scans: each video is scanned once, and again when its file changes."""

import os
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Literal, NamedTuple

from datamodules.cores import available_cores
from datamodules.decoding.index_table import (
    Row,
    open_table,
    refused,
    require_writable,
    row,
    rows_of,
    save,
)
from datamodules.decoding.known_videos import KnownVideos, first_image_stamp
from datamodules.decoding.look_cost import cost_sample, describe_cost
from datamodules.decoding.scan_notes import ScanNotes, warn_of_leftovers
from datamodules.decoding.video import glance, scan
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import DataError, VideoAccessError, VideoDecodeError
from datamodules.file_states import FileStates
from datamodules.progress import with_progress

SHOWN_FAILURES = 3
SECONDS_BETWEEN_SAVES = 5.0
UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, such as newlines, and bytes that are not UTF-8, as Python decodes them."""

LookKind = Literal["full", "packets"]
"""Whether files are decoded before a training, or only their packets are looked at."""


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
        self,
        paths: Sequence[str],
        jobs: int | None = None,
        states: FileStates | None = None,
        look: LookKind = "full",
    ) -> Found:
        """Return the facts of videos; look at those that are not in the cache.

        An interrupted call continues where it stopped.

        Args:
            paths: Files or folders.
            jobs: Threads; None for one per core. FFmpeg releases Python's lock.
            states: The present states of these files; None to ask for them.
            look: ``full`` to decode the files that are not in the cache; ``packets`` to look at
                their packets only, so that facts may be unproven.
        """
        for path in paths:
            if not (path.isascii() and path.isprintable()) and UNWRITABLE.search(path):
                raise DataError(f"{path!r}: the name cannot be written down; rename the file")
        first: dict[str, int] = {}
        places = [first.setdefault(_absolute(path), place) for place, path in enumerate(paths)]
        known = KnownVideos(first, FileStates(paths) if states is None else states)
        with open_table(self.file) as connection:
            known.add_unchanged(rows_of(connection, first, unproven=look == "packets"))
            missing = known.missing()
            if missing or (look == "packets" and known.holds_unproven()):
                require_writable(connection)
            if missing:
                job = _Job(connection, self.file.parent, missing, jobs or available_cores())
                for path, outcome in _look_at_all(job, look).items():
                    known.add(path, outcome)
        unreadable = [Unreadable(paths[place], why) for place, why in known.unusable(places)]
        return Found(known.facts(places), unreadable)

    def prove(self, path: Path) -> VideoFacts:
        """Return the facts of one video; decode it, unless that was done since it last changed.

        Loader workers call this where `look_up` has looked at packets only.

        Raises:
            VideoDecodeError: If it cannot be used.
        """
        name = os.path.abspath(path)
        states = FileStates([name])
        known = KnownVideos({name: 0}, states)
        with open_table(self.file) as connection:
            known.add_unchanged(rows_of(connection, known.places, unproven=False))
        if states.exists(0) and 0 in known.reasons:
            raise VideoDecodeError(known.reasons[0])
        if facts := known.facts([0]):
            return facts[0]
        outcome = _outcome(scan, name)
        with open_table(self.file) as connection:
            save(connection, _rows(name, states.stamp(0), outcome))
        if isinstance(outcome, VideoDecodeError):
            raise outcome
        return outcome

    def refused(self) -> set[str]:
        """Return the absolute paths of the files that were decoded and cannot be used."""
        with open_table(self.file) as connection:
            return refused(connection)

    def keep(self, facts: Mapping[str, VideoFacts]) -> None:
        """Store the facts of files that need no scan, because they are copies of known ones.

        Args:
            facts: By path of the file, which exists.
        """
        states = FileStates(list(facts))
        with open_table(self.file) as connection:
            rows = (
                row(os.path.abspath(path), states.stamp(place), known)
                for place, (path, known) in enumerate(facts.items())
            )
            save(connection, rows)

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


def _absolute(path: str) -> str:
    """Make a path absolute; one that is so already stays the same object, which saves memory."""
    absolute = os.path.abspath(path)
    return path if path == absolute else absolute


class _Job(NamedTuple):
    """Files to look at: the open table, its folder, their stamps by path, and threads."""

    connection: sqlite3.Connection
    folder: Path
    stamps: Mapping[str, str]
    threads: int


def _look_at_all(job: _Job, look: LookKind) -> dict[str, VideoFacts | str]:
    """Look at all files; of many, decode a few first, to say what the others will take."""
    paths = list(job.stamps)
    sample = cost_sample(paths, job.threads)
    outcomes: dict[str, VideoFacts | str] = {}
    if sample:
        start = monotonic()
        outcomes = _look_at(job, sample, scan, "Indexing a few videos")
        seconds = monotonic() - start
        print(describe_cost(look, len(paths), seconds / len(sample), job.threads), flush=True)
    others = [path for path in paths if path not in outcomes]
    if look == "full":
        return outcomes | _look_at(job, others, scan, "Indexing videos")
    return outcomes | _look_at(job, others, glance, "Looking at packets of videos")


def _look_at(
    job: _Job, paths: Sequence[str], look: Callable[[Path], VideoFacts], title: str
) -> dict[str, VideoFacts | str]:
    outcomes: dict[str, VideoFacts | str] = {}
    rows: list[Row] = []
    ended: SimpleQueue[Future[None]] = SimpleQueue()
    saved = monotonic()

    def look_at(path: str) -> None:
        with notes.at(path):
            outcome = _outcome(look, path)
        outcomes[path] = outcome if isinstance(outcome, VideoFacts) else str(outcome)
        rows.extend(_rows(path, job.stamps[path], outcome))

    def save_rows() -> None:
        count = len(rows)  # other threads add rows meanwhile
        save(job.connection, rows[:count])
        del rows[:count]

    warn_of_leftovers(job.folder)
    try:
        with ScanNotes(job.folder) as notes, ThreadPoolExecutor(job.threads) as pool:
            try:
                for path in paths:
                    pool.submit(look_at, path).add_done_callback(ended.put)
                for _ in with_progress(paths, title, len(paths)):
                    notes.wait_for(ended).result()
                    if monotonic() - saved > SECONDS_BETWEEN_SAVES:
                        save_rows()
                        saved = monotonic()
            finally:  # started ones finish, the others are cancelled
                pool.shutdown(wait=False, cancel_futures=True)
    finally:
        save_rows()
    return outcomes


def _outcome(look: Callable[[Path], VideoFacts], path: str) -> VideoFacts | VideoDecodeError:
    try:
        return look(Path(path))
    except VideoDecodeError as error:
        return error


def _rows(path: str, stamp: str, outcome: VideoFacts | VideoDecodeError) -> list[Row]:
    """Make the row of an outcome; none if the cause of a failure may pass."""
    if isinstance(outcome, VideoFacts):
        is_folder = os.path.isdir(path)
        return [
            row(
                path, f"{stamp} {first_image_stamp(path, outcome)}" if is_folder else stamp, outcome
            )
        ]
    if isinstance(outcome, VideoAccessError) or os.path.isdir(path):
        return []
    return [row(path, stamp, str(outcome))]
