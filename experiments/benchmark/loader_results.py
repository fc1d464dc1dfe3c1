"""Results of a loader benchmark and their tables; nothing is measured here."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from experiments.benchmark.stages import DESCRIPTIONS, STAGES, StageTimes
from experiments.benchmark.tables import Table

USUAL_RATES = (100, 200, 400, 800, 1600)


@dataclass(frozen=True)
class LoaderResult:
    """One loader.

    Attributes:
        stages: One core's time of each stage.
        whole: Clips per second of the complete loader with its workers.
        workers: Number of worker processes.
        videos: Number of videos in one epoch.
    """

    stages: StageTimes
    whole: float
    workers: int
    videos: int

    @property
    def per_core(self) -> float:
        """Return the clips per second of one core that runs all stages."""
        return 1000 / self.stages.total_ms

    def cores_for(self, clips_per_second: float) -> int:
        """Count the cores that a GPU of this speed needs."""
        return ceil(clips_per_second / self.per_core)

    def as_dict(self, rates: Sequence[float]) -> dict[str, Any]:
        """Return everything for JSON."""
        return {
            "stages_ms_per_clip": {stage: self.stages.ms_per_clip(stage) for stage in STAGES},
            "total_ms_per_clip": self.stages.total_ms,
            "clips_per_second_per_core": self.per_core,
            "loader_clips_per_second": self.whole,
            "workers": self.workers,
            "videos": self.videos,
            "clips": self.stages.clips,
            "cores_for_clips_per_second": {f"{rate:g}": self.cores_for(rate) for rate in rates},
        }


def stage_table(result: LoaderResult) -> Table:
    """Show the time of each stage."""
    total = result.stages.total_ms
    rows = []
    for stage in STAGES:
        time = result.stages.ms_per_clip(stage)
        rate = f"{1000 / time:.0f}" if time else "-"
        rows.append([f"{stage}: {DESCRIPTIONS[stage]}", f"{time:.2f}", f"{time / total:.0%}", rate])
    rows.append(["all stages", f"{total:.2f}", "100%", f"{result.per_core:.1f}"])
    workers = f"{result.workers} workers" if result.workers else "no workers"
    return Table(
        "One clip on one core",
        ["stage", "CPU ms", "share", "clips/s per core"],
        rows,
        [f"The complete loader with {workers}: {result.whole:.1f} clips/s."],
    )


def core_table(result: LoaderResult, rates: Sequence[float]) -> Table:
    """Show how many cores GPUs need."""
    rows = [[f"{rate:g} clips/s", str(result.cores_for(rate))] for rate in rates]
    return Table("Cores that a GPU needs", ["GPU speed in training", "cores"], rows)
