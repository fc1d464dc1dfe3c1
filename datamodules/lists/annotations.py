"""The annotated videos of one split, before any video file is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datamodules.errors import DataError
from datamodules.lists.splitting import Split

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


def refuse_shared_videos(lists: Mapping[Split, Annotations]) -> None:
    """Refuse a video that is in the training list and in the list of another split.

    The lists of val and test may be the same.

    Raises:
        DataError: If a video is in train and in another split.
    """
    trained = set(lists["train"].paths) if "train" in lists else set()
    for split, annotations in lists.items():
        if split == "train" or trained.isdisjoint(annotations.paths):
            continue
        shared = [path for path in dict.fromkeys(annotations.paths) if path in trained]
        raise DataError(
            f"{shared[0]}: is in the lists of train and {split}, as are {len(shared):,} videos in "
            "all; accuracy on training videos means nothing, so check which lists are read"
        )
