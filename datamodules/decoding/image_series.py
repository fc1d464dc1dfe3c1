"""Tells by their names which images of a folder are the frames of a video."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

IMAGE_SUFFIXES: Final = (".jpg", ".jpeg", ".png")
NUMBERED: Final = re.compile(
    r"(?P<prefix>(?:.*\D)?)(?P<number>\d+)(?P<suffix>\.(?:jpe?g|png))", re.IGNORECASE | re.DOTALL
)
FLOW: Final = re.compile(r"flow.*|[xyuv]_?", re.IGNORECASE)
"""Prefixes of optical flow, as TSN's tools write them beside the frames: ``flow_x_``, ``x_``."""


@dataclass(frozen=True)
class ImageSeries:
    """The file names of the images of a folder: ``<prefix><number><suffix>``.

    Attributes:
        prefix: Before the number.
        digits: Width of the number, with leading zeros.
        suffix: ``.jpg``, for example.
        first: Number of the first frame.
        count: Number of frames.
        exceptions: Names of frames, by index, that are written otherwise.
    """

    prefix: str
    digits: int
    suffix: str
    first: int
    count: int
    exceptions: Mapping[int, str] = field(default_factory=dict)

    def name(self, index: int) -> str:
        """Return the file name of a frame, counted from 0."""
        return self.exceptions.get(index) or self._regular_name(index)

    def to_bytes(self) -> bytes:
        """Serialize."""
        regular = [self.prefix, self.digits, self.suffix, self.first, self.count]
        return json.dumps([*regular, list(self.exceptions.items())]).encode()

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Restore what `to_bytes` returned."""
        prefix, digits, suffix, first, count, exceptions = json.loads(packed)
        return cls(prefix, digits, suffix, first, count, dict(exceptions))

    @classmethod
    def of(cls, matches: Iterable[re.Match[str]]) -> Self:
        """Describe the names of one series.

        Raises:
            ValueError: If a number is missing or double; the message says which.
        """
        by_number = sorted(matches, key=lambda match: int(match["number"]))
        numbers = [int(match["number"]) for match in by_number]
        for before, after, here, there in zip(
            numbers, numbers[1:], by_number, by_number[1:], strict=False
        ):
            if before == after:
                raise ValueError(
                    f"{here.string} and {there.string} have the same number; remove one of them"
                )
            if after > before + 1:
                name = f"{here['prefix']}{before + 1:0{len(here['number'])}d}{here['suffix']}"
                raise ValueError(
                    f"{name} is missing though there are {len(numbers)} images; extract the frames "
                    "again"
                )
        first = by_number[0]
        suffix = Counter(match["suffix"] for match in by_number).most_common(1)[0][0]
        regular = cls(first["prefix"], len(first["number"]), suffix, numbers[0], len(numbers))
        names = enumerate(match.string for match in by_number)
        exceptions = {i: name for i, name in names if name != regular._regular_name(i)}
        return cls(regular.prefix, regular.digits, suffix, numbers[0], len(numbers), exceptions)

    def _regular_name(self, index: int) -> str:
        return f"{self.prefix}{self.first + index:0{self.digits}d}{self.suffix}"


def group_by_series(names: Iterable[str]) -> dict[str, list[re.Match[str]]]:
    """Group the names of numbered images by what stands before the number; hidden files are none.

    The number is the last one before the ending, so that ``v_g01_00001.jpg`` is number 1.
    """
    series = defaultdict(list)
    for match in map(NUMBERED.fullmatch, names):
        if match and not match.string.startswith("."):
            series[match["prefix"]].append(match)
    return dict(series)


def choose_series(series: Mapping[str, list[re.Match[str]]]) -> ImageSeries:
    """Choose the frames: the only series, or the only one that is no optical flow.

    Raises:
        ValueError: If there is none, several may be meant, or a number is missing or double.
    """
    frames = {prefix: found for prefix, found in series.items() if not FLOW.fullmatch(prefix)}
    candidates = frames or series
    if not candidates:
        raise ValueError("holds no numbered .jpg or .png image")
    if len(candidates) > 1:
        found = ", ".join(
            f"{len(matches)} as {matches[0].string}" for _, matches in sorted(candidates.items())
        )
        raise ValueError(
            f"holds several series of images ({found}); leave those of the frames, and move the "
            "others to a folder of their own"
        )
    return ImageSeries.of(next(iter(candidates.values())))
