"""What a cache knows of the videos of a list, by column; only unchanged files are known."""

import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from datamodules.decoding.fact_table import FactTable
from datamodules.decoding.image_series import ImageSeries
from datamodules.decoding.video_facts import UNPROVEN, VideoFacts
from datamodules.file_states import FileStates

FACT_NAMES = tuple(field.name for field in fields(VideoFacts))

NO_ROW = -1
ROWS_AT_A_TIME = 4096


class CachedFolder(NamedTuple):
    """A row of the cache about a folder of images.

    Attributes:
        place: Of the folder in the list.
        stamp: The state of the folder and of its first image when the row was written.
        values: Its facts.
        first_image: Path of the image that they come from.
    """

    place: int
    stamp: str
    values: Sequence[Any]
    first_image: str


class KnownVideos:
    """The outcomes of looking up the n videos of a list: facts, or why one cannot be used.

    Args:
        places: The place in the list of each absolute path.
        states: The states of the files at all places, as they are now.
    """

    def __init__(self, places: Mapping[str, int], states: FileStates) -> None:
        self.places = places
        self.states = states
        self.reasons = {
            place: f"{path}: no such file; check the list and its root"
            for path, place in places.items()
            if not states.exists(place)
        }
        self._facts = FactTable()
        self._rows = array("q", [NO_ROW]) * len(states)  # of the table, by place

    def add(self, path: str, outcome: VideoFacts | str) -> None:
        """Add the outcome of a scan."""
        if isinstance(outcome, str):
            self.reasons[self.places[path]] = outcome
        else:
            self._add_facts([self.places[path]], [tuple(vars(outcome).values())])

    def add_unchanged(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add what a cache holds of files that have not changed since.

        Args:
            rows: Path, stamp, reason why it cannot be used or None, and the facts.
        """
        files, facts = array("q"), list[Sequence[Any]]()
        folders: list[CachedFolder] = []
        for row in rows:
            path, stamp, reason = row[:3]
            values = row[3:]
            place = self.places.get(path)
            if place is None:
                continue
            present = self.states.stamp(place)
            if stamp != present:
                if stamp.startswith(f"{present} ") and self.states.is_folder(place):
                    folders.append(CachedFolder(place, stamp, values, _first_image(path, values)))
            elif reason:
                self.reasons[place] = reason
            else:
                files.append(place)
                facts.append(values)
                if len(files) == ROWS_AT_A_TIME:
                    self._add_facts(files, facts)
                    files, facts = array("q"), []
        self._add_facts(files, facts)
        self._add_folders(folders)

    def _add_folders(self, folders: Sequence[CachedFolder]) -> None:
        images = FileStates([folder.first_image for folder in folders])
        for number, folder in enumerate(folders):
            if folder.stamp == f"{self.states.stamp(folder.place)} {images.stamp(number)}":
                self._add_facts([folder.place], [folder.values])

    def missing(self) -> dict[str, str]:
        """Return the stamps of the files that nothing is known of, by path."""
        return {
            path: self.states.stamp(place)
            for path, place in self.places.items()
            if self._rows[place] == NO_ROW and place not in self.reasons
        }

    def holds_unproven(self) -> bool:
        """Whether some facts are not proven yet."""
        return UNPROVEN in self._facts.seek_indexes

    def facts(self, places: Iterable[int]) -> FactTable:
        """Return the facts of the videos at some places, in their order; unusable ones are none."""
        return self._facts.take(
            [row for row in map(self._rows.__getitem__, places) if row != NO_ROW]
        )

    def unusable(self, places: Iterable[int]) -> Iterator[tuple[int, str]]:
        """Yield which of some places hold no usable video, and why."""
        for number, place in enumerate(places):
            if place in self.reasons:
                yield number, self.reasons[place]

    def _add_facts(self, places: Iterable[int], facts: Sequence[Sequence[Any]]) -> None:
        for row, place in enumerate(places, start=len(self._facts)):
            self._rows[place] = row
        self._facts.extend(facts)


def first_image_stamp(path: str, facts: VideoFacts) -> str:
    """Describe the state of the image that a folder's facts come from, for its stamp."""
    return FileStates([_first_image(path, vars(facts).values())]).stamp(0)


def _first_image(folder: str, values: Iterable[Any]) -> str:
    series = dict(zip(FACT_NAMES, values, strict=True))["seek_index"]
    return os.path.join(folder, ImageSeries.from_bytes(series).name(0))
