"""Selects the usable videos of a list; only missing or reported videos are ever left out."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from datamodules.atomic_write import atomic_write
from datamodules.decoding.video_facts import VideoFacts
from datamodules.decoding.video_index import VideoIndex, refuse_unreadable
from datamodules.errors import DataError
from datamodules.lists.annotations import Annotations


@dataclass(frozen=True)
class Coverage:
    """Counts how many videos of a list are used.

    Attributes:
        listed: Videos in the list.
        missing: Videos whose file does not exist, where the data set allows that.
        skipped: Videos left out because a report of ``prepare verify`` lists them as unreadable.
    """

    listed: int
    missing: int = 0
    skipped: int = 0

    @property
    def used(self) -> int:
        """Count the videos that are used."""
        return self.listed - self.missing - self.skipped

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return {f"n_{name}": count for name, count in asdict(self).items()}

    def __str__(self) -> str:
        """Describe the counts in words."""
        if self.used == self.listed:
            return f"{self.used:,} videos"
        parts = {"missing": self.missing, "skipped as unreadable": self.skipped}
        why = ", ".join(f"{count:,} {name}" for name, count in parts.items() if count)
        return f"{self.used:,} of {self.listed:,} videos ({why})"


@dataclass(frozen=True)
class Selection:
    """The usable videos of one split.

    Attributes:
        paths: Video files or folders of frames.
        labels: Their class indices.
        facts: Their number of frames, size and so on.
        coverage: How many videos of the list these are.
    """

    paths: list[str]
    labels: list[int]
    facts: list[VideoFacts]
    coverage: Coverage


def select_usable(
    annotations: Annotations,
    index: VideoIndex,
    report: Path | None,
    missing_list: Path | None,
) -> Selection:
    """Select the usable videos of a list; videos that are new to the index are scanned.

    Args:
        annotations: The list.
        index: Stores which videos can be read.
        report: Report of ``prepare verify``; videos that it lists as unreadable are left out. None
            to leave out none.
        missing_list: File to which missing videos are written; None if none may be missing.

    Raises:
        DataError: If a video cannot be used and may not be left out, or all are missing.
    """
    paths, labels = list(annotations.paths), list(annotations.labels)
    missing = {path for path in paths if not os.path.exists(path)} if missing_list else set()
    if missing and len(missing) == len(paths):
        raise DataError(f"{paths[0]}: is missing, as are all videos of the list; check root")
    if missing_list:
        _write(missing_list, "".join(f"{path}\n" for path in sorted(missing)))
    reported = _read_report(report) if report else {}
    skipped = {path for path in paths if reported.get(os.path.abspath(path)) == _stamp(path)}
    used = [
        (path, label)
        for path, label in zip(paths, labels, strict=True)
        if path not in missing and path not in skipped
    ]
    found = index.look_up([path for path, _ in used])
    refuse_unreadable(found.unreadable, len(used))
    coverage = Coverage(
        len(paths), sum(path in missing for path in paths), sum(path in skipped for path in paths)
    )
    used_paths, used_labels = [path for path, _ in used], [label for _, label in used]
    return Selection(used_paths, used_labels, found.facts, coverage)


def write_report(file: Path, content: dict[str, object], unreadable: Sequence[str]) -> None:
    """Write the report of ``prepare verify``, from which `select_usable` leaves videos out.

    Args:
        file: The JSON file to write.
        content: Further entries, for readers.
        unreadable: Videos that cannot be used, including missing ones.
    """
    stamps = {os.path.abspath(path): _stamp(path) for path in unreadable}
    _write(file, json.dumps({**content, "unreadable": stamps}, indent=1) + "\n")


def _write(file: Path, text: str) -> None:
    with atomic_write(file, "name another data.index_dir") as draft:
        draft.write_text(text)


def _read_report(file: Path) -> dict[str, list[int]]:
    try:
        stamps = dict(json.loads(file.read_text())["unreadable"])
    except FileNotFoundError:
        raise DataError(
            f"{file}: no such report; skip_unreadable leaves out what python -m "
            "datamodules.prepare verify has reported, so run that first"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise DataError(
            f"{file}: is not a report of python -m datamodules.prepare verify; run it again"
        ) from None
    return stamps


def _stamp(path: str) -> list[int]:
    """Return a file's size and time; a video that changed since the report is used again."""
    try:
        status = os.stat(path)
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]
