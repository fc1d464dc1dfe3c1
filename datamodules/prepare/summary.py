"""Summarises the usable videos in a table."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from rich.table import Table

from datamodules.decoding.video_facts import VideoFacts
from datamodules.prepare.inventory import Inventory

SECONDS_PER_HOUR = 3600
SHOWN_VALUES = 2


def describe_splits(inventory: Inventory, min_frames: int) -> dict[str, dict[str, str]]:
    """Summarise each split's list and its usable videos in words.

    Args:
        inventory: The data set.
        min_frames: In clips of videos with fewer frames, some frames are repeated.
    """
    columns = {}
    for split, part in inventory.splits.items():
        counts = {
            "listed": len(part.videos),
            "missing": len(part.missing),
            "unreadable": len(part.unreadable),
        }
        columns[str(split)] = {
            **{name: f"{count:,}" for name, count in counts.items()},
            **_summarize(list(part.facts.values()), min_frames),
        }
    return columns


def _summarize(facts: Sequence[VideoFacts], min_frames: int) -> dict[str, str]:
    if not facts:
        return {"usable videos": "0"}
    frames = [video.frames for video in facts]
    intervals = [video.frames / video.keyframes for video in facts if video.keyframes]
    hours = sum(video.frames / video.fps for video in facts if video.fps) / SECONDS_PER_HOUR
    return {
        "usable videos": f"{len(facts):,}",
        "frames": f"{sum(frames):,} ({min(frames):,}-{max(frames):,})",
        "hours": f"{hours:.2f}",
        "sizes": _most_common(f"{video.width}x{video.height}" for video in facts),
        "fps": _most_common(f"{video.fps:.4g}" if video.fps else "unknown" for video in facts),
        "codecs": _most_common(video.codec for video in facts),
        "frames per keyframe": f"{median(intervals):.0f}" if intervals else "-",
        f"under {min_frames} frames": f"{sum(count < min_frames for count in frames):,}",
    }


def side_by_side(title: str, columns: Mapping[str, Mapping[str, str]]) -> Table:
    """Make a table of one column per split and one row per quantity; "-" where one is absent.

    A single column without a name needs no header.
    """
    table = Table(title=title, title_justify="left", show_header=any(columns))
    table.add_column()
    for name in columns:
        table.add_column(name, justify="right", overflow="fold")
    for quantity in dict.fromkeys(row for column in columns.values() for row in column):
        table.add_row(quantity, *(column.get(quantity, "-") for column in columns.values()))
    return table


def _most_common(values: Iterable[str]) -> str:
    counts = Counter(values)
    shown = ", ".join(value for value, _ in counts.most_common(SHOWN_VALUES))
    more = len(counts) - SHOWN_VALUES
    return f"{shown}, {more} more" if more > 0 else shown
