"""Selects the usable videos of a list; only missing or reported videos are ever left out."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from datamodules.atomic_write import atomic_write
from datamodules.decoding.fact_table import FactTable
from datamodules.decoding.video_facts import UNPROVEN, VideoFacts
from datamodules.decoding.video_index import LookKind, VideoIndex, refuse_unreadable
from datamodules.errors import DataError
from datamodules.file_states import FileStates, content_stamp
from datamodules.lists.annotations import Annotations
from datamodules.packs.find import exists, is_folder

NOTHING_KNOWN = VideoFacts(0, 0, 0.0, 0, 0, "", 0, UNPROVEN)


@dataclass(frozen=True)
class Coverage:
    """Counts how many videos of a list are used.

    Attributes:
        listed: Videos in the list.
        missing: Videos whose file does not exist, where the data set allows that.
        skipped: Videos left out as unreadable: a report of ``prepare verify`` lists them, or they
            did not decode when they were first read.
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
            return f"{self.used:,} video{'' if self.used == 1 else 's'}"
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
    facts: Sequence[VideoFacts]
    coverage: Coverage


def select_usable(
    annotations: Annotations,
    index: VideoIndex,
    report: Path | None,
    missing_list: Path | None,
    look: LookKind = "full",
    *,
    keep_places: bool = False,
) -> Selection:
    """Select the usable videos of a list; videos that are new to the index are looked at.

    Args:
        annotations: The list.
        index: Stores which videos can be read.
        report: Report of ``prepare verify``; videos that it lists as unreadable are left out. None
            to leave out none.
        missing_list: File to which missing videos are written; None if none may be missing.
        look: How new videos are looked at.
        keep_places: Whether other unreadable files stay, as videos that are not decoded yet. Which
            of them are known depends on what has been read before; the order must not.

    Raises:
        DataError: If a video cannot be used and may not be left out, or all are missing.
    """
    paths, labels = list(annotations.paths), list(annotations.labels)
    states = FileStates(paths)
    missing = {path for place, path in enumerate(paths) if not states.exists(place)}
    missing = missing if missing_list else set()
    if missing and len(missing) == len(paths):
        raise DataError(f"{paths[0]}: is missing, as are all videos of the list; check root")
    if missing_list:
        _write_if_new(missing_list, "".join(f"{path}\n" for path in sorted(missing)))
    skipped = _still_unreadable(paths, index, _read_report(report)) - missing if report else set()
    coverage = Coverage(
        len(paths), sum(path in missing for path in paths), sum(path in skipped for path in paths)
    )
    if missing or skipped:
        left_out = missing | skipped
        used = [place for place, path in enumerate(paths) if path not in left_out]
        paths, labels = [paths[place] for place in used], [labels[place] for place in used]
        states = states.take(used)
    found = index.look_up(paths, states=states, look=look)
    kept = {path for path, _ in found.unreadable if keep_places and os.path.exists(path)}
    refuse_unreadable([one for one in found.unreadable if one.path not in kept], len(paths))
    facts = found.facts
    if kept:
        known = iter(facts)
        facts = FactTable(NOTHING_KNOWN if path in kept else next(known) for path in paths)
    return Selection(paths, labels, facts, coverage)


def write_report(file: Path, content: dict[str, object], unreadable: Sequence[str]) -> None:
    """Write the report of ``prepare verify``, from which `select_usable` leaves videos out.

    Args:
        file: The JSON file to write.
        content: Further entries, for readers.
        unreadable: Videos that cannot be used, including missing ones.
    """
    stamps = {os.path.abspath(path): content_stamp(path) for path in unreadable}
    _write(file, json.dumps({**content, "unreadable": stamps}, indent=1) + "\n")


def _write_if_new(file: Path, text: str) -> None:
    """Write a text, unless it is there already: the folder may be shared and read-only."""
    if not file.is_file() or file.read_bytes() != text.encode():
        _write(file, text)


def _write(file: Path, text: str) -> None:
    with atomic_write(file, "name another data.index_dir") as draft:
        draft.write_text(text)


def _read_report(file: Path) -> dict[str, str]:
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


def _still_unreadable(
    paths: Sequence[str], index: VideoIndex, reported: dict[str, str]
) -> set[str]:
    """Select the reported videos that have not changed and still cannot be read.

    A file is looked up once more, because a full memory or a disk error passes and leaves the file
    as it is. A folder is not: the index knows its first image only, the report all of them.
    """
    unchanged = {
        path
        for path in paths
        if (stamp := reported.get(os.path.abspath(path))) is not None
        and stamp == content_stamp(path)
    }
    files = [path for path in unchanged if exists(path) and not is_folder(path)]
    readable = set(files) - {failure.path for failure in index.look_up(files).unreadable}
    return unchanged - readable
