"""Copies the csv of a `VideoList`, so that it names the copies of its videos."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from datamodules.atomic_write import atomic_write
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
