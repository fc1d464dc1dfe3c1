"""Your own videos: class folders, or a csv with path, label and perhaps groups."""

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datamodules.annotation_list import (
    AnnotatedVideo,
    class_indices,
    read_class_folders,
    read_csv,
)
from datamodules.annotations import Annotations
from datamodules.base import VideoDataModule
from datamodules.errors import DataError
from datamodules.splitting import SPLITS, Split, split_at_random, split_by_groups


class VideoList(VideoDataModule):
    """Any videos that FFmpeg reads.

    Which video belongs to which split is decided by the first of these that is there: the csv's
    column ``split``, or folders ``train``, ``val``, ``test``; ``val_groups`` and ``test_groups``;
    a draw by ``val_fraction`` and ``test_fraction``. Videos of one group always stay together.

    Args:
        source: A folder ``<class>/<video>`` (perhaps below ``train``, ``val``, ``test``), or a
            csv with columns ``path`` and ``label`` (a number from 0, or a name).
        root: What the csv's relative paths start from; None for the csv's folder.
        group_column: The csv's column of groups (a recording, a person), which is never split.
        name_column: The csv's column of class names, where labels are numbers.
        val_groups: Groups held out for validation.
        test_groups: Groups held out for the test.
        val_fraction: Part of the groups drawn for validation, 0-1.
        test_fraction: Part of the groups drawn for the test, 0-1.
        split_seed: Of that draw; fixed apart from the run's seed, so that runs stay comparable.
        num_classes: Classes that the labels must fit; None to take them from the list.
        **kwargs: Settings of `VideoDataModule`.

    Raises:
        DataError: If the list, a label or a split cannot be used.
    """

    def __init__(
        self,
        source: str,
        *,
        root: str | None = None,
        group_column: str = "group",
        name_column: str = "name",
        val_groups: Sequence[str] = (),
        test_groups: Sequence[str] = (),
        val_fraction: float = 0.1,
        test_fraction: float = 0.2,
        split_seed: int = 0,
        num_classes: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        place = Path(source)
        if place.suffix.lower() == ".csv":
            videos = read_csv(place, Path(root) if root else None, group_column, name_column)
        else:
            videos = read_class_folders(place)
        self.source = source
        self.labels, self.class_names = class_indices(videos, num_classes)
        self.paths = [video.path for video in videos]
        groups = [video.group or video.path for video in videos]
        if any(video.split for video in videos):
            self.splits = _stated_splits(videos)
        elif val_groups or test_groups:
            held_out: dict[Split, Sequence[str]] = {"val": val_groups, "test": test_groups}
            self.splits = split_by_groups(groups, held_out, source)
        else:
            fractions: dict[Split, float] = {"val": val_fraction, "test": test_fraction}
            self.splits = split_at_random(groups, fractions, split_seed, source)

    @property
    def report_name(self) -> str:
        """Name the list, and tell apart lists of one name."""
        place = Path(self.source).resolve()
        return f"{place.stem}-{zlib.crc32(str(place).encode()):08x}"

    def annotations(self, split: Split) -> Annotations:
        """Give one split's videos."""
        members = np.flatnonzero(self.splits == split).tolist()
        paths = [self.paths[index] for index in members]
        return Annotations(paths, [self.labels[index] for index in members])


def _stated_splits(videos: Sequence[AnnotatedVideo]) -> np.ndarray:
    first_of_group: dict[str, AnnotatedVideo] = {}
    for video in videos:
        if not video.split:
            raise DataError(f"{video.where}: no split given; write one of {SPLITS} in every row")
        first = first_of_group.setdefault(video.group or video.path, video)
        if first.split != video.split:
            raise DataError(
                f"{video.where}: group {video.group!r} is in {first.split} and {video.split}; "
                "keep its videos together"
            )
    return np.array([video.split for video in videos])
