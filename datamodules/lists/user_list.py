"""A user's own list of videos: its rows, and the check that they agree."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from pytorch_lightning.utilities import rank_zero_info

from datamodules.errors import DataError
from datamodules.file_states import FileStates


@dataclass(frozen=True, slots=True)
class AnnotatedVideo:
    """One video of a user's list.

    Attributes:
        path: The video file or folder of frames.
        label: Its class as written; "" if unknown.
        group: Its group; all videos of a group go to the same split; "" if none is given.
        split: train, val or test; "" if none is given.
        name: A readable name of its class; "" if none is given.
        source: The csv that lists it; without one, its path.
        line: Its line in the csv, from 1; 0 without one.
    """

    path: str
    label: str
    group: str
    split: str
    name: str
    source: str
    line: int = 0

    @property
    def where(self) -> str:
        """Return its place, for error messages."""
        return f"{self.source}, line {self.line}" if self.line else self.source


def find_first_rows(videos: Sequence[AnnotatedVideo]) -> list[int]:
    """Return for each row the index of the first row of the same video.

    Two paths are the same video if they lead to the same file: through ``..``, a symbolic or hard
    link, or a file system that ignores case.
    """
    states = FileStates([video.path for video in videos])
    first: dict[str, int] = {}
    rows = states.first_of_same()
    for row, video in enumerate(videos):
        if not states.exists(row):
            rows[row] = first.setdefault(os.path.abspath(video.path), row)
    return rows


def refuse_contradictions(
    source: str, videos: Sequence[AnnotatedVideo], labels: Sequence[int], first_rows: Sequence[int]
) -> None:
    """Refuse a video that is listed twice with different annotations; count equal repetitions.

    Args:
        source: The list, for the log.
        videos: Its rows.
        labels: Their class indices.
        first_rows: As `find_first_rows` gives them.

    Raises:
        DataError: If two rows of one video differ in label, split or group.
    """
    repeated = 0
    for row, first in enumerate(first_rows):
        if row == first:
            continue
        repeated += 1
        one, two = videos[first], videos[row]
        for what, values in {
            "label": (labels[first], labels[row]),
            "split": (one.split, two.split),
            "group": (one.group, two.group),
        }.items():
            if values[0] != values[1]:
                raise DataError(_describe_contradiction(one, two, what))
    if repeated:
        rank_zero_info(
            f"{source}: {repeated:,} of {len(videos):,} rows list a video again, with the same "
            "label and split; each row counts"
        )


def _describe_contradiction(one: AnnotatedVideo, two: AnnotatedVideo, what: str) -> str:
    values = " and ".join(repr(getattr(video, what)) for video in (one, two))
    link = "" if one.path == two.path else f" ({two.path} is the same file)"
    return (
        f"{one.where} and {two.where}: list one video, {one.path}{link}, with {what} {values}; "
        "keep the right one"
    )
