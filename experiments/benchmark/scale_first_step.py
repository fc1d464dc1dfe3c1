"""Computes when a fit takes its first step, from what a few of its files cost: a simulation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from time import process_time

from datamodules.decoding.packet_look import look_at_packets
from datamodules.decoding.video_scan import scan_video
from experiments.benchmark.tables import Table

LOCKED = 0.0005
"""Seconds of a look at packets that threads do one after the other, holding Python's lock: all but
FFmpeg's part, which was 1.6 of 2.1 ms for clips of Kinetics."""

BATCH = 64
"""Clips that are decoded before the first step, which may be those of several processes."""


@dataclass(frozen=True)
class ClipCost:
    """What a clip costs, mean seconds of CPU.

    Attributes:
        full: Of a full look.
        packets: Of a look at its packets.
    """

    full: float
    packets: float


def measure_clips(paths: Sequence[Path]) -> ClipCost:
    """Measure both looks.

    Raises:
        VideoDecodeError: If a file does not decode.
    """
    seconds: dict[str, list[float]] = {"full": [], "packets": []}
    for path in paths:
        for name, look in (("packets", look_at_packets), ("full", scan_video)):
            look(path)  # the first time it is read from the disk
            start = process_time()
            look(path)
            seconds[name].append(process_time() - start)
    return ClipCost(mean(seconds["full"]), mean(seconds["packets"]))


def first_step_table(cost: ClipCost, videos: int, cores: int, start: float) -> Table:
    """Show the time to the first step with both looks.

    Args:
        cost: Of a clip.
        videos: Number of clips.
        cores: Of the machine, all of which work.
        start: Seconds of the start of a fit that knows all videos.
    """
    looks = {
        "full": (videos * cost.full / cores, 0.0),
        "packets": (videos * max(cost.packets / cores, LOCKED), BATCH * cost.full / cores),
    }
    rows = [
        [
            f"look: {name}",
            *(f"{seconds:,.1f}" for seconds in (look, start, batch)),
            f"{(look + start + batch) / 60:,.1f}",
        ]
        for name, (look, batch) in looks.items()
    ]
    later = videos * cost.full / cores / 60
    notes = [
        f"A simulation: {videos:,} clips, each of which costs the mean of the measured ones "
        f"({1000 * cost.full:.0f} ms of CPU for a full look, {1000 * cost.packets:.1f} ms for its "
        f"packets), {cores} cores, and a disk that keeps up. Of a look at packets, "
        f"{1000 * LOCKED} ms are taken not to run in parallel; a first step reads {BATCH} clips. "
        "After a look at packets, the loaders decode all files in the first epoch: "
        f"{later:,.0f} minutes if {cores} cores do nothing else.",
    ]
    headings = ["", "look, s", "start, s", "first clips, s", "to the first step, min"]
    return Table("Time to the first step of new videos", headings, rows, notes)
