"""Copies the csv of a `VideoList`, so that it names the copies of its videos."""

import csv
import os
from collections.abc import Mapping
from pathlib import Path

from datamodules.lists.video_csv import read_table
from datamodules.prepare.tree import Copy
from datamodules.video_list import VideoList


def copy_list(data: VideoList, copies: Mapping[str, Copy], output: Path) -> Path | None:
    """Write the csv with the copies' paths and all else as it is.

    Videos without a copy stay, so that training stops at them and does not pass over them.

    Args:
        data: Of a csv; class folders need no list.
        copies: The places of all, by listed path.
        output: Folder of the copies.

    Returns:
        The new csv, if there is one.
    """
    if data.root is not None:
        return None
    source = Path(data.source)
    columns, rows = read_table(source, ["path"])
    target = output / source.name
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        for row, path in zip(rows, data.paths, strict=True):
            place = copies[path].target.relative_to(output).as_posix()
            writer.writerow({**row.values, "path": place})
    draft.replace(target)
    return target
