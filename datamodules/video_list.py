"""Your own videos: class folders, or a csv with path, label and optional groups."""

import os
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pytorch_lightning.utilities import rank_zero_info

from datamodules.base import VideoDataModule
from datamodules.errors import DataError
from datamodules.launch import is_first_on_machine
from datamodules.lists.annotations import Annotations
from datamodules.lists.class_folders import read_class_folders
from datamodules.lists.ignored import Ignored
from datamodules.lists.spelling import find_two_spellings
from datamodules.lists.splitting import SPLITS, Split, split_at_random, split_by_groups
from datamodules.lists.user_labels import class_indices
from datamodules.lists.user_list import AnnotatedVideo, find_first_rows, refuse_contradictions
from datamodules.lists.video_csv import read_csv


class VideoList(VideoDataModule):
    """Any videos that FFmpeg can read.

    The first of these that is given decides the splits: the csv's column ``split``, or folders
    ``train``, ``val``, ``test``; ``val_groups`` and ``test_groups``; a random draw by
    ``val_fraction`` and ``test_fraction``: 10 % and 20 % of the groups, a video without a group
    being one of its own. The draw does not look at classes, so a rare class may be missing in a
    split. Videos of one group always stay together.
    A list without any label is for ``predict`` only, which reads all of it unless a column
    ``split`` says otherwise; the class names are then those of the checkpoint. In a list with
    labels, only videos of the split that ``predict`` reads (test) may lack one.

    Args:
        source: A folder ``<class>/<video>`` (or ``<split>/<class>/<video>``), or a csv with columns
            ``path`` and ``label`` (a number from 0, or a name; without the column, no video has a
            label).
        root: The folder that relative paths of the csv start from; None for the csv's folder.
        group_column: The csv's column of groups, such as recordings or persons; the videos of a
            group all go to one split.
        name_column: The csv's column of class names, where labels are numbers.
        val_groups: Groups held out for validation.
        test_groups: Groups held out for the test.
        val_fraction: Fraction of the groups drawn for validation, 0-1; at least one group, and
            none with 0.
        test_fraction: Fraction of the groups drawn for the test, likewise.
        split_seed: Seed of that draw. It is not the run's seed, so that runs stay comparable.
        num_classes: The number of classes that labels must fit; None to derive it from the list.
            For a list without any label, that of the checkpoint.
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
        self.source = source
        self.root = None if _is_csv(place) else place
        self._columns = Path(root) if root else None, group_column, name_column
        self._held_out: dict[Split, Sequence[str]] = {"val": val_groups, "test": test_groups}
        self._fractions: dict[Split, float] = {"val": val_fraction, "test": test_fraction}
        self._split_seed = split_seed
        videos, self._ignored = self._read_videos()
        if self._ignored:
            rank_zero_info(f"{source}: {self._ignored}")
        self.is_labelled = any(video.label for video in videos)
        self.labels, self.class_names = class_indices(videos, num_classes)
        self.paths = [video.path for video in videos]
        if self.reversal.shows_both and not self.is_labelled:
            raise DataError(
                f"{source}: reversal={self.reversal.kind} needs labels; write one for every video"
            )
        if is_first_on_machine():  # the others get what follows from the files in `setup`
            self.splits = self._divide(videos)

    @cached_property
    def splits(self) -> NDArray[np.str_]:
        """The split of each video."""
        return self._divide(self._read_videos()[0])

    @cached_property
    def list_identity(self) -> str:
        """A checksum of the list's file names, labels and splits, and its numbers of videos."""
        lines = sorted(
            f"{os.path.basename(path)}\t{label}\t{split}"
            for path, label, split in zip(self.paths, self.labels, self.splits, strict=True)
        )
        counts = ", ".join(f"{int((self.splits == split).sum())} {split}" for split in SPLITS)
        digest = zlib.crc32("\n".join(lines).encode())
        return f"{digest:08x} ({counts} videos)"

    @property
    def report_name(self) -> str:
        """Return the list's name; a checksum of its path distinguishes lists of the same name."""
        place = Path(self.source).resolve()
        return f"{place.stem}-{zlib.crc32(str(place).encode()):08x}"

    @property
    def result_name(self) -> str:
        """Return the name of the csv or folder; a checksum tells lists of the same name apart."""
        name = Path(self.source).stem
        return f"{name}-{self.list_identity.split()[0]}" if self.is_labelled else name

    @property
    def identity(self) -> dict[str, str]:
        """Identify the list by its file names, labels and splits, not by its location.

        Another random draw thus counts as other data, because its test videos may be training
        videos here; a list may be moved. A list without any label fits every checkpoint.
        """
        if not self.is_labelled:
            return {}
        return {**super().identity, "list": self.list_identity}

    def describe(self) -> dict[str, Any]:
        """Add the name of the list, and whether it has labels."""
        source = Path(self.source).name
        return {**super().describe(), "source": source, "labelled": self.is_labelled}

    @property
    def ignored(self) -> Ignored:
        """Return the counts of the files and folders among the class folders that are not read."""
        return self._ignored

    @property
    def predicted_name(self) -> str:
        """Return the split, or the list's name without labels, to name prediction files."""
        return super().predicted_name if self.is_labelled else Path(self.source).stem

    def needed_splits(self, stage: str) -> tuple[Split, ...]:
        """Return the splits that a stage reads.

        Raises:
            DataError: If the stage needs labels and the list has none, or a fit has one class.
        """
        if not self.is_labelled and stage != "predict":
            raise DataError(
                f"{self.source}: no video has a label (column 'label'), but {stage} needs labels; "
                "write them, or use predict"
            )
        if self.num_classes < 2 and stage == "fit":
            raise DataError(
                f"{self.source}: has only the class {self.class_names[0]!r}, so there is "
                "nothing to learn; add videos of another class"
            )
        return super().needed_splits(stage)

    def findings(self) -> dict[str, str]:
        """Return the list's identity, which depends on the files that are the same."""
        return {"list_identity": self.list_identity}

    def read_lists(self, stage: str) -> None:
        """Divide the list; without the files, all that is left to check is the stage."""
        if is_first_on_machine():
            super().read_lists(stage)
        else:
            self.needed_splits(stage)

    def annotations(self, split: Split) -> Annotations:
        """Return the videos of one split."""
        members = np.flatnonzero(self.splits == split).tolist()
        paths = [self.paths[index] for index in members]
        return Annotations(paths, [self.labels[index] for index in members])

    def _read_videos(self) -> tuple[list[AnnotatedVideo], Ignored]:
        """Read the list's text, or the folders."""
        if self.root is None:
            return read_csv(Path(self.source), *self._columns), Ignored()
        return read_class_folders(self.root)

    def _divide(self, videos: Sequence[AnnotatedVideo]) -> NDArray[np.str_]:
        """Find out which paths lead to the same file, and return the split of each video."""
        first_rows = find_first_rows(videos)
        refuse_contradictions(self.source, videos, self.labels, first_rows)
        _log_similar_groups(videos)
        groups = [video.group or videos[first_rows[row]].path for row, video in enumerate(videos)]
        if self.is_labelled:
            _require_labels(videos, self.predict_split)
        if any(video.split for video in videos):
            return _stated_splits(videos)
        if not self.is_labelled:
            return np.full(len(videos), self.predict_split)
        if any(self._held_out.values()):
            return split_by_groups(groups, self._held_out, self.source)
        splits = split_at_random(groups, self._fractions, self._split_seed, self.source)
        if any(self._fractions.values()):
            drawn = ", ".join(f"{int((splits == split).sum()):,} {split}" for split in SPLITS)
            rank_zero_info(f"{self.source}: states no splits, so videos are drawn: {drawn}")
        return splits


def _is_csv(source: Path) -> bool:
    return not source.is_dir() and (source.is_file() or source.suffix.lower() == ".csv")


def _require_labels(videos: Sequence[AnnotatedVideo], predict_split: str) -> None:
    """Refuse a video without label before the run starts."""
    for video in videos:
        if not video.label and video.split != predict_split:
            raise DataError(
                f"{video.where}: has no label, though other videos do; write one, or write "
                f"{predict_split} in the column split to predict it"
            )


def _log_similar_groups(videos: Sequence[AnnotatedVideo]) -> None:
    """Log two groups whose names are alike; case may matter in ids, so this is no error."""
    if alike := find_two_spellings(videos, "group"):
        one, two = alike
        rank_zero_info(
            f"{one.where} and {two.where}: {one.group!r} and {two.group!r} count as two groups"
        )


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
