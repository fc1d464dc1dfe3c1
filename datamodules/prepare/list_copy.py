"""Writes the csv of a `VideoList` again, with the paths of the copies."""

import csv
from collections.abc import Mapping
from pathlib import Path

from datamodules.atomic_write import atomic_write
from datamodules.lists.video_csv import read_table
from datamodules.prepare.tree import Copy
from datamodules.video_list import VideoList


def copy_list(data: VideoList, copies: Mapping[str, Copy], output: Path) -> Path | None:
    """Write the csv with the copies' paths and everything else unchanged.

    Videos without a copy stay in the list, so that training reports them instead of skipping them.

    Args:
        data: The data set; class folders need no list.
        copies: The copy of each listed path.
        output: Folder of the copies.

    Returns:
        The new csv; None if the data set has none.
    """
    if data.root is not None:
        return None
    source = Path(data.source)
    columns, rows = read_table(source, ["path"])
    target = output / source.name
    with atomic_write(target) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        for row, path in zip(rows, data.paths, strict=True):
            place = copies[path].target.relative_to(output).as_posix()
            writer.writerow({**row.values, "path": place})
    return target
