"""Results of a benchmark of whole trainings and their tables; nothing is measured here."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from experiments.benchmark.stages import StageTimes
from experiments.benchmark.tables import Table

FULL = 0.95
"""A fit that reaches this share of the step alone is called limited by the step."""

IMPOSSIBLE = 1.1
"""A fit cannot be faster than its step by this factor, unless something disturbed the latter."""


@dataclass(frozen=True)
class FitResult:
    """Clips per second of one experiment.

    Attributes:
        fit: train.py's fit, from files.
        step: The same fit with one batch that is already on the device.
        loader: The loader alone, with its workers.
        transfer: From pinned memory to the GPU; None on a CPU.
        workers: The loader's processes.
        on_gpu: Whether a GPU trains; otherwise decoding and training share the cores.
        stages: One core's time of each stage of a clip.
        copy_stages: The same from copies made as ``prepare transcode`` does; None if not measured.
    """

    fit: float
    step: float
    loader: float
    transfer: float | None
    workers: int
    on_gpu: bool
    stages: StageTimes
    copy_stages: StageTimes | None = None

    @property
    def share(self) -> float:
        """The fit's share of the step's rate."""
        return self.fit / self.step

    @property
    def bottleneck(self) -> str:
        """Name what limits the fit, in one sentence."""
        if self.share > IMPOSSIBLE:
            return "unknown, since other programs slowed the step alone down; measure again"
        if self.share >= FULL:
            return "the training step: data arrive fast enough"
        if not self.on_gpu and self.workers == 0:
            return "reading and training take turns in one process (num_workers 0)"
        if self.transfer is not None and self.transfer < min(self.step, self.loader):
            return "the copy to the GPU"
        if self.loader < self.step:
            cores = cores_for(self.step, self.stages)
            return f"the loader: the step needs {cores} cores, see below"
        if not self.on_gpu:
            return "the CPU's cores, which the loader and the step share"
        return "no part alone: loader and main process disturb each other; try fewer workers"

    def as_dict(self, rates: Sequence[float]) -> dict[str, Any]:
        """Give everything, for JSON."""
        kinds = {"originals": self.stages, "copies": self.copy_stages}
        return {
            "clips_per_second": {
                "fit": self.fit,
                "step_alone": self.step,
                "loader_alone": self.loader,
                "transfer_alone": self.transfer,
            },
            "fit_share_of_step": self.share,
            "bottleneck": self.bottleneck,
            "workers": self.workers,
            "ms_per_clip_on_one_core": {k: s.total_ms for k, s in kinds.items() if s},
            "cores_for_clips_per_second": {
                k: {f"{rate:g}": cores_for(rate, s) for rate in [self.step, *rates]}
                for k, s in kinds.items()
                if s
            },
        }


def cores_for(clips_per_second: float, stages: StageTimes) -> int:
    """Count the cores that load so many clips per second."""
    return ceil(clips_per_second * stages.total_ms / 1000)


def rate_table(result: FitResult) -> Table:
    """Show the fit beside each of its parts alone, and what limits it."""
    workers = f"{result.workers} workers" if result.workers else "no workers"
    rates = {
        "step alone, one batch on the device": result.step,
        f"loader alone, {workers}": result.loader,
        "copy to the GPU alone": result.transfer,
        "train.py fit, from files": result.fit,
    }
    rows = [
        [name, f"{rate:.1f}", f"{rate / result.step:.2f}"] for name, rate in rates.items() if rate
    ]
    headings = ["what", "clips/s", "of the step's"]
    return Table("Training", headings, rows, [f"Bottleneck: {result.bottleneck}."])


def feeding_table(result: FitResult, rates: Sequence[float]) -> Table:
    """Show how many cores feed the step measured here, and steps of given rates."""
    kinds = [stages for stages in (result.stages, result.copy_stages) if stages]
    names = ["originals", "copies of prepare transcode"][: len(kinds)]
    rows = [
        [label, *(str(cores_for(rate, stages)) for stages in kinds)]
        for label, rate in [
            (f"{result.step:.1f} clips/s, measured here", result.step),
            *((f"{rate:g} clips/s", rate) for rate in rates),
        ]
    ]
    costs = "; ".join(
        f"{name}: {stages.total_ms:.1f} CPU ms a clip, {1000 / stages.total_ms:.0f} clips/s a core"
        for name, stages in zip(names, kinds, strict=True)
    )
    headings = ["a step that trains", *(f"cores, from {name}" for name in names)]
    return Table("Cores that feed a GPU", headings, rows, [f"{costs}."])
