"""The base class of published data sets: checks list lengths, and finds videos by name."""

import os
import re
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from datamodules.base import VideoDataModule
from datamodules.errors import DataError
from datamodules.lists.annotations import Annotations
from datamodules.lists.ignored import Ignored
from datamodules.lists.splitting import Split
from datamodules.lists.video_tree import VideoTree


class ListedVideo(NamedTuple):
    """A video of a list.

    Attributes:
        name: The name of its file without ending, or of its folder of frames.
        label: Its class from 0, `NO_LABEL` where unknown.
        usual_place: Its path below the root in the authors' arrangement of the files.
    """

    name: str
    label: int
    usual_place: str


class OfficialList(NamedTuple):
    """One split's list.

    Attributes:
        source: The file or folder, for messages.
        videos: In the order of the list.
        official_counts: The lengths of the authors' list, one for each release.
    """

    source: Path
    videos: list[ListedVideo]
    official_counts: tuple[int, ...]


class PublishedDataset(VideoDataModule):
    """A published data set. A subclass reads the lists and states the pattern of video names.

    Args:
        root: Folder of the videos; they may be in any subfolders.
        annotations: Folder of the lists. None for the root, or a folder in it with the name that
            the authors use.
        check_counts: Whether to refuse lists of another length than the authors' lists.
        **kwargs: Settings of `VideoDataModule`.

    Raises:
        DataError: If there is no such folder.
    """

    name_pattern: re.Pattern[str]
    """Matches the whole name of a video of the data set, without ending."""

    ignore_case = False
    """Whether upper and lower case make no difference in names of videos."""

    def __init__(
        self, root: str, *, annotations: str | None = None, check_counts: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.root = Path(root)
        self.list_folder = Path(annotations or root)
        self.check_counts = check_counts
        for argument, folder in (("root", self.root), ("annotations", self.list_folder)):
            if not folder.is_dir():
                raise DataError(f"{folder}: no such folder; {argument} must name one")

    @abstractmethod
    def read_list(self, split: Split) -> OfficialList:
        """Read one split's list.

        Raises:
            DataError: If it is missing or cannot be used.
        """

    def preferred(self, paths: Sequence[str], split: Split) -> Sequence[str]:
        """Choose the best of several files of one video; all of them if none is better."""
        return paths

    def on_other_length(self, message: str) -> None:
        """Refuse a list of another length than the authors'; a subclass may only warn."""
        raise DataError(f"{message}; set check_counts to false to use it anyway")

    def annotations(self, split: Split) -> Annotations:
        """Read one split's list and find its videos; a missing video gets its usual path."""
        source, videos, official = self.read_list(split)
        count = len(videos)
        if self.check_counts and count not in official:
            numbers = " or ".join(f"{number:,}" for number in official)
            self.on_other_length(
                f"{source}: lists {count:,} {split} videos, the official list {numbers}"
            )
        paths = [self._locate(video, split) for video in videos]
        labels = [video.label for video in videos]
        return Annotations(paths, labels, count if count in official else official[0])

    @property
    def ignored(self) -> Ignored:
        """Return the counts of the files and folders below the root that are not read."""
        return self._tree.ignored

    @cached_property
    def _tree(self) -> VideoTree:
        return VideoTree(self.root, self.name_pattern, ignore_case=self.ignore_case)

    def _locate(self, video: ListedVideo, split: Split) -> str:
        found: Sequence[str] = self._tree.find(video.name)
        if not found:
            return str(self.root / video.usual_place)
        if len(found) > 1:
            found = self.preferred(found, split)
        if len(found) > 1 and len(set(map(os.path.realpath, found))) > 1:
            raise DataError(
                f"{found[0]} and {found[1]}: two files for one {split} video; set root to the "
                "folder of one copy, or delete one"
            )
        return found[0]
