"""Results of a start on many videos, and their tables; nothing is measured here."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from experiments.benchmark.tables import Table

STEPS = ("list", "videos", "batch")


@dataclass(frozen=True)
class ProcessStart:
    """One process's start of a fit.

    Attributes:
        source: Which list.
        rank: Of the process, from 0.
        processes: How many have started together.
        steps: CPU and wall seconds of each step, and memory after it in MB above that of the
            imports: ``own``, ``all`` and ``peak``.
        keys: Number of samples in one epoch.
    """

    source: str
    rank: int
    processes: int
    steps: Mapping[str, Mapping[str, float]]
    keys: int

    @property
    def cpu(self) -> float:
        """Return the CPU seconds up to the first batch."""
        return sum(self.steps[step]["cpu"] for step in STEPS)

    @property
    def wall(self) -> float:
        """Return the seconds up to the first batch."""
        return sum(self.steps[step]["wall"] for step in STEPS)

    @property
    def peak(self) -> float:
        """Return the maximum of the memory, MB."""
        return max(self.steps[step]["peak"] for step in STEPS)

    @property
    def name(self) -> str:
        """Name the process in words."""
        return f"{self.source}, {self.rank + 1} of {self.processes}"


@dataclass(frozen=True)
class ScaleResult:
    """One measurement.

    Attributes:
        videos: Number of videos.
        scan_ms: CPU ms of scanning one of the small videos.
        first_look: Number of files whose packets were looked at, and CPU and wall seconds of it.
        look_up: CPU and wall seconds of asking the index for all videos.
        starts: Of each process.
    """

    videos: int
    scan_ms: float
    first_look: Mapping[str, float]
    look_up: Mapping[str, float]
    starts: Sequence[ProcessStart]

    def as_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return asdict(self)


def start_table(result: ScaleResult) -> Table:
    """Show what a start costs each process."""
    rows, first = [], result.first_look
    for start in result.starts:
        seconds = [f"{start.steps[step]['cpu']:.2f}" for step in STEPS]
        own, peak = start.steps["batch"]["own"], start.peak
        rows.append(
            [
                start.name,
                *seconds,
                f"{start.cpu:.2f}",
                f"{start.wall:.1f}",
                f"{own:.0f}",
                f"{peak:.0f}",
                f"{start.steps['order']['cpu']:.2f}",
            ]
        )
    headings = [
        "process",
        *STEPS,
        *("CPU s", "wall s", "own MB", "peak MB", "order"),
    ]
    notes = [
        "CPU seconds of reading the lists, of looking up the videos, of the first batch, and of "
        "all three; wall seconds of all three; order: CPU seconds of the order of one epoch. All "
        "without the imports of torch and Lightning; memory is above that after the imports. Own: "
        "not shared with other processes. The first process of a machine looks up the videos.",
        f"The index answers for all {result.videos:,} videos in {result.look_up['cpu']:.1f} s of "
        f"CPU ({result.look_up['wall']:.1f} s); scanning one of these small videos takes "
        f"{result.scan_ms:.1f} ms of CPU. Looking at the packets of {first['files']:,} of them "
        f"takes {first['cpu']:.1f} s of CPU ({first['wall']:.1f} s).",
    ]
    return Table(f"{result.videos:,} known videos", headings, rows, notes)
