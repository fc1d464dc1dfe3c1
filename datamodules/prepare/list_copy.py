"""Writes the csv of a `VideoList` again, with the paths of the copies."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from datamodules.atomic_write import atomic_write
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
    source = Path(data.source)
    if source.suffix.lower() != ".csv":
        return None
    text = source.read_text(encoding="utf-8-sig")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    target = output / source.name
    with atomic_write(target) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, reader.fieldnames or [])
        writer.writeheader()
        for row, path in zip(reader, data.paths, strict=True):
            place = copies[path].target.relative_to(output).as_posix()
            writer.writerow({**row, "path": place})
    return target
