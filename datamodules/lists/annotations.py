"""The annotated videos of one split, before any video file is opened."""

from collections.abc import Sequence
from dataclasses import dataclass

NO_LABEL = -1


@dataclass(frozen=True)
class Annotations:
    """The videos of one split.

    Attributes:
        paths: The path of each video; the file need not exist.
        labels: Class indices from 0; `NO_LABEL` where unknown.
        official_count: The number of videos in the official list; None without such a list.
    """

    paths: Sequence[str]
    labels: Sequence[int]
    official_count: int | None = None
