"""Compares the lists of a data set with the videos that exist and can be read."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from datamodules.base import VideoDataModule
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import DataError
from datamodules.lists.annotations import Annotations, refuse_shared_videos
from datamodules.lists.ignored import Ignored
from datamodules.lists.splitting import SPLITS, Split
from datamodules.packs.find import exists
from datamodules.published import PublishedDataset


@dataclass
class SplitInventory:
    """The videos of one split.

    Attributes:
        annotations: The list.
        may_miss: Whether videos may be missing, as in data sets whose videos disappear from the
            web.
        may_be_part: Whether the list may have another length than the official one.
        missing: Videos whose file does not exist.
        unreadable: The reason for each existing video that cannot be used.
        facts: Frames, size and so on of all other videos.
    """

    annotations: Annotations
    may_miss: bool = False
    may_be_part: bool = False
    missing: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    facts: dict[str, VideoFacts] = field(default_factory=dict)

    @property
    def videos(self) -> list[str]:
        """Return the listed videos, each once."""
        return list(dict.fromkeys(self.annotations.paths))

    @property
    def lacks_too_many(self) -> bool:
        """Whether videos are missing that must exist."""
        return bool(self.missing) and (not self.may_miss or len(self.missing) == len(self.videos))


@dataclass
class Inventory:
    """The videos of a data set.

    Attributes:
        splits: The splits whose list can be used.
        refused: The reason for each split whose list cannot be used.
        ignored: The files and folders among the videos that are not read.
    """

    splits: dict[Split, SplitInventory]
    refused: dict[Split, str]
    ignored: Ignored = field(default_factory=Ignored)

    @property
    def facts(self) -> dict[str, VideoFacts]:
        """Return the facts of all usable videos, each once."""
        return {path: facts for part in self.splits.values() for path, facts in part.facts.items()}

    @property
    def unusable(self) -> dict[str, str]:
        """Return the reason for each video that is needed and cannot be used."""
        reasons: dict[str, str] = {}
        for part in self.splits.values():
            reasons |= part.unreadable
            if part.lacks_too_many:
                reasons |= {path: f"{path}: is missing" for path in part.missing}
        return reasons

    def refuse(self, path: str, reason: str) -> None:
        """Move a video from the usable to the unreadable ones."""
        for part in self.splits.values():
            if part.facts.pop(path, None):
                part.unreadable[path] = reason


def read_lists(data: VideoDataModule, splits: Sequence[Split]) -> Inventory:
    """Read the lists of some splits; no video is opened.

    Raises:
        DataError: If none can be used, or train shares a video with another split.
    """
    inventory = Inventory({}, {})
    for split in splits or SPLITS:
        try:
            annotations = data.annotations(split)
        except DataError as error:
            inventory.refused[split] = str(error)
        else:
            may_miss = data.missing_list(split) is not None
            may_be_part = isinstance(data, PublishedDataset) and not data.check_counts
            inventory.splits[split] = SplitInventory(annotations, may_miss, may_be_part)
    if not inventory.splits:
        raise DataError("; ".join(dict.fromkeys(inventory.refused.values())))
    refuse_shared_videos({split: part.annotations for split, part in inventory.splits.items()})
    inventory.ignored = data.ignored
    return inventory


def take_inventory(
    data: VideoDataModule, splits: Sequence[Split], jobs: int | None = None
) -> Inventory:
    """Read the lists of some splits and scan the videos that are new to the index.

    Args:
        data: The data set.
        splits: The splits; empty for all.
        jobs: Number of threads; None for one per core.

    Raises:
        DataError: If no list can be used.
    """
    data.make_videos()
    inventory = read_lists(data, splits)
    present: list[str] = []
    for part in inventory.splits.values():
        there = {path: exists(path) for path in part.videos}
        part.missing = [path for path, is_there in there.items() if not is_there]
        present += [path for path, is_there in there.items() if is_there]
    present = list(dict.fromkeys(present))
    found = data.index.look_up(present, jobs)
    unreadable = dict(found.unreadable)
    usable = [path for path in present if path not in unreadable]
    facts = dict(zip(usable, found.facts, strict=True))
    for part in inventory.splits.values():
        for path in part.videos:
            if path in facts:
                part.facts[path] = facts[path]
            elif path in unreadable:
                part.unreadable[path] = unreadable[path]
    return inventory
