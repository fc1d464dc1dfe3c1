"""What a data set's lists say of one split, before any file is opened."""

from collections.abc import Sequence
from dataclasses import dataclass

NO_LABEL = -1


@dataclass(frozen=True)
class Annotations:
    """The videos of one split.

    Attributes:
        paths: Where each one is, or would be.
        labels: Classes from 0, `NO_LABEL` where unknown.
        official_count: Videos of the official list; None where there is none.
    """

    paths: Sequence[str]
    labels: Sequence[int]
    official_count: int | None = None
