"""Chooses places for the labels of a plot, so that they cover neither marks nor each other."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.path import Path
from matplotlib.transforms import Bbox

XY = tuple[float, float]

DISTANCES = (5.0, 12.0, 20.0, 30.0, 42.0, 56.0, 72.0)
"""Distances between a mark and its label, horizontal or vertical, that are tried."""

DIRECTIONS = ((1, 0), (1, 1), (1, -1), (-1, 0), (-1, 1), (-1, -1), (0, 1), (0, -1))
"""Directions that are tried at each distance: right, upper right, lower right, left, ..."""

CROSSING = 12.0
"""The extra distance that is accepted to avoid one crossing of a label's line."""


@dataclass(frozen=True)
class Place:
    """A place for a label.

    Attributes:
        box: The label's box.
        line: The straight line that connects it: the mark, and the nearest point of the box.
    """

    box: Bbox
    line: tuple[XY, XY]

    @property
    def distance(self) -> float:
        """Return the line's length."""
        return math.dist(*self.line)


def place_labels(
    marks: Sequence[XY], sizes: Sequence[XY], obstacles: Sequence[Bbox], frame: Bbox
) -> list[Place | None]:
    """Choose a place for each mark's label; all lengths have the same unit.

    It is the nearest free place, where each crossing of the line to the mark with another label,
    line or mark counts as `CROSSING` more of distance.

    Args:
        marks: Centres of the marks.
        sizes: Width and height of each mark's label.
        obstacles: The boxes of each mark with its error bar, which no label may cover.
        frame: The box that contains all labels.

    Returns:
        The places; None for a label without a free place.
    """
    places: list[Place | None] = []
    for number, (mark, size) in enumerate(zip(marks, sizes, strict=True)):
        earlier = [place for place in places if place is not None]
        others = [*obstacles[:number], *obstacles[number + 1 :]]
        free = [
            place
            for place in _candidates(mark, size)
            if _contains(frame, place.box)
            and not place.box.count_overlaps([*obstacles, *(one.box for one in earlier)])
        ]
        places.append(_cheapest(free, others, earlier))
    return places


def _cheapest(
    candidates: Sequence[Place], marks: Sequence[Bbox], labels: Sequence[Place]
) -> Place | None:
    def cost(place: Place) -> float:
        boxes = [*marks, *(label.box for label in labels)]
        crossed = sum(_crosses(place.line, box) for box in boxes)
        covered = sum(_crosses(label.line, place.box) for label in labels)
        return place.distance + CROSSING * (crossed + covered)

    return min(candidates, key=cost, default=None)


def _candidates(mark: XY, size: XY) -> Iterator[Place]:
    (x, y), (width, height) = mark, size
    for distance in DISTANCES:
        for right, up in DIRECTIONS:
            left = x + right * distance + (right - 1) / 2 * width
            bottom = y + up * distance + (up - 1) / 2 * height
            nearest = min(max(x, left), left + width), min(max(y, bottom), bottom + height)
            yield Place(Bbox.from_bounds(left, bottom, width, height), (mark, nearest))


def _contains(frame: Bbox, box: Bbox) -> bool:
    return frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1


def _crosses(line: tuple[XY, XY], box: Bbox) -> bool:
    return bool(Path(line).intersects_bbox(box, filled=False))
