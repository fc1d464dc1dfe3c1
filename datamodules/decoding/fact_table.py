"""The facts of many videos by column, in a fraction of the memory of one object for each."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import fields
from itertools import accumulate, count, islice
from operator import eq
from sys import intern
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from datamodules.decoding.lazy_sequence import LazySequence
from datamodules.decoding.video_facts import VideoFacts

STRINGS_AT_A_TIME = 4096


class PackedBytes(LazySequence[bytes]):
    """Byte strings, one after another in one block of memory.

    Attributes:
        data: The block.
        ends: The end of each string in it.
    """

    def __init__(self, strings: Iterable[bytes] = ()) -> None:
        self.data = bytearray()
        self.ends = array("q")
        self.extend(strings)

    def extend(self, strings: Iterable[bytes]) -> None:
        """Add some strings."""
        strings = iter(strings)
        while part := list(islice(strings, STRINGS_AT_A_TIME)):
            start = len(self.data)
            self.data += b"".join(part)
            self.ends.extend(start + end for end in accumulate(map(len, part)))

    def __len__(self) -> int:
        """Count the strings."""
        return len(self.ends)

    def make(self, place: int) -> bytes:
        """Return one string."""
        return bytes(self.data[self.ends[place - 1] if place else 0 : self.ends[place]])

    def as_arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return the block and the ends, (n,); nothing can be appended any more."""
        return np.frombuffer(self.data, np.uint8), np.frombuffer(self.ends, np.int64)


class FactTable(LazySequence[VideoFacts]):
    """The facts of n videos; an item is made when it is asked for.

    Args:
        facts: Of the first videos.
    """

    def __init__(self, facts: Iterable[VideoFacts] = ()) -> None:
        self._columns = {field.name: _column(field.type) for field in fields(VideoFacts)}
        self.extend([tuple(vars(one).values()) for one in facts])

    @classmethod
    def of(cls, facts: Sequence[VideoFacts]) -> "FactTable":
        """Make a table of some facts, which may be one already."""
        return facts if isinstance(facts, FactTable) else cls(facts)

    def extend(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add videos by the values of their facts, in the order of `VideoFacts`."""
        for column, values in zip(self._columns.values(), zip(*rows, strict=True), strict=False):
            column.extend(map(intern, values) if isinstance(values[0], str) else values)

    def __len__(self) -> int:
        """Count the videos."""
        return len(self._columns["frames"])

    def make(self, place: int) -> VideoFacts:
        """Return the facts of one video."""
        return VideoFacts(*(column[place] for column in self._columns.values()))

    def __eq__(self, other: object) -> bool:
        """Whether all facts are the same."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    @property
    def frames(self) -> NDArray[np.int64]:
        """The numbers of frames, (n,)."""
        return np.array(self._columns["frames"], dtype=np.int64)

    @property
    def seek_indexes(self) -> PackedBytes:
        """The packed seek indexes."""
        column: PackedBytes = self._columns["seek_index"]
        return column

    def take(self, places: Sequence[int]) -> Self:
        """Return a table of the videos at some places, in their order."""
        if len(places) == len(self) and all(map(eq, places, count())):
            return self
        table = type(self)()
        for name, column in self._columns.items():
            table._columns[name].extend(column[place] for place in places)
        return table


def _column(kind: Any) -> Any:
    """Make an empty column for values of one type."""
    if kind is bytes:
        return PackedBytes()
    return array("q") if kind is int else array("d") if kind is float else []
