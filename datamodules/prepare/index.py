"""``index``: scans every video once, so that training starts without delay."""

from collections.abc import Sequence

import rich

from datamodules.base import VideoDataModule
from datamodules.lists.splitting import Split
from datamodules.prepare.inventory import take_inventory
from datamodules.prepare.summary import describe_splits, side_by_side


def index_videos(data: VideoDataModule, splits: Sequence[Split], jobs: int | None) -> bool:
    """Fill the data module's index and print a table of the videos.

    Args:
        data: The data set.
        splits: The splits; empty for all.
        jobs: Threads; None for one per core.

    Returns:
        Whether every video can be used.

    Raises:
        DataError: If no list can be used.
    """
    inventory = take_inventory(data, splits, jobs)
    columns = describe_splits(inventory, data.min_frames)
    rich.print(side_by_side(f"{data.report_name}: {data.index.file}", columns))
    for split, reason in inventory.refused.items():
        print(f"{split}: has no usable list: {reason}")
    for reason in inventory.unusable.values():
        print(reason)
    return not inventory.unusable
