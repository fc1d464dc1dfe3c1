"""What a data module's lists name, and what of it is there and can be read."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from datamodules.base import VideoDataModule
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import DataError
from datamodules.lists.annotations import Annotations
from datamodules.lists.splitting import SPLITS, Split
from datamodules.published import PublishedDataset


@dataclass
class SplitInventory:
    """The videos of one split.

    Attributes:
        annotations: Its list.
        may_miss: Whether the data set is known to lose videos.
        may_be_part: Whether the list may have another length than the authors'.
        missing: Those that are not there.
        unreadable: Why, of those that are there and cannot be used.
        facts: Of all others.
    """

    annotations: Annotations
    may_miss: bool = False
    may_be_part: bool = False
    missing: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    facts: dict[str, VideoFacts] = field(default_factory=dict)

    @property
    def videos(self) -> list[str]:
        """Name the listed videos, each once."""
        return list(dict.fromkeys(self.annotations.paths))

    @property
    def lacks_too_many(self) -> bool:
        """Tell whether videos are missing that should be there."""
        return bool(self.missing) and (not self.may_miss or len(self.missing) == len(self.videos))


@dataclass
class Inventory:
    """The videos of a data set.

    Attributes:
        splits: Those whose list can be used.
        refused: Why, of those whose list cannot.
    """

    splits: dict[Split, SplitInventory]
    refused: dict[Split, str]

    @property
    def facts(self) -> dict[str, VideoFacts]:
        """Give the facts of all usable videos, each once."""
        return {path: facts for part in self.splits.values() for path, facts in part.facts.items()}

    @property
    def unusable(self) -> dict[str, str]:
        """Say why of the videos that should be there to be read, and are not."""
        reasons: dict[str, str] = {}
        for part in self.splits.values():
            reasons |= part.unreadable
            if part.lacks_too_many:
                reasons |= {path: f"{path}: is missing" for path in part.missing}
        return reasons

    def refuse(self, path: str, reason: str) -> None:
        """Count a video as unreadable after all."""
        for part in self.splits.values():
            if part.facts.pop(path, None):
                part.unreadable[path] = reason


def read_lists(data: VideoDataModule, splits: Sequence[Split]) -> Inventory:
    """Read the lists of some splits; no video is opened.

    Raises:
        DataError: If none can be used.
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
    return inventory


def take_inventory(
    data: VideoDataModule, splits: Sequence[Split], jobs: int | None = None
) -> Inventory:
    """Read the lists of some splits and look through the videos that are not known yet.

    Args:
        data: The data set.
        splits: Empty for all.
        jobs: Threads; None for one per core.

    Raises:
        DataError: If no list can be used.
    """
    data.make_videos()
    inventory = read_lists(data, splits)
    present: list[str] = []
    for part in inventory.splits.values():
        there = {path: os.path.exists(path) for path in part.videos}
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
