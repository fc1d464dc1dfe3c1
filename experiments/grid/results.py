"""What was measured for the rows of a table, beside what the paper prints."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from experiments.fuse import fuse_files
from experiments.grid.grid_file import Grid, Row
from experiments.grid.jobs import Job, row_jobs
from experiments.grid.state import read_record, state_of, summarize
from experiments.session import read_metrics
from lightning_modules import RunError

SEEDED = re.compile(r".*-seed(\d+)")


@dataclass(frozen=True)
class Measured:
    """A row's result with one seed.

    Attributes:
        seed: The seed.
        top1: In per cent; the mean over what the row is repeated over.
        top5: Likewise.
        videos: How many were evaluated, of all repetitions.
        commits: Of the code that evaluated.
        flags: The user's further arguments, of the runs that had any.
    """

    seed: int
    top1: float
    top5: float
    videos: int
    commits: frozenset[str]
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Line:
    """A row under one protocol.

    Attributes:
        row: The row.
        protocol: The protocol, empty for a quoted row.
        state: How far its runs are.
        measured: By seed.
    """

    row: Row
    protocol: str
    state: str
    measured: tuple[Measured, ...]

    def paper(self, name: str) -> float | None:
        """Give the paper's figure, which belongs to the row's first protocol."""
        first = not self.protocol or self.protocol == self.row.protocols[0]
        return self.row.figures.get(name) if first else None

    def ours(self, name: str) -> float | None:
        """Give the mean over the seeds."""
        return fmean(getattr(one, name) for one in self.measured) if self.measured else None

    def spread(self, name: str) -> float | None:
        """Give the standard deviation over the seeds, where there are several."""
        values = [getattr(one, name) for one in self.measured]
        return stdev(values) if len(values) > 1 else None

    @property
    def comparable(self) -> bool:
        """Whether ours and the paper's are figures of one data set."""
        return self.row.dataset == self.row.figures_dataset

    def both(self, name: str) -> tuple[float, float] | None:
        """Give ours and the paper's, where there are both."""
        ours, paper = self.ours(name), self.paper(name)
        return None if ours is None or paper is None else (ours, paper)

    def difference(self, name: str) -> float | None:
        """Give ours minus the paper's, of one data set."""
        ours = self.ours(name)
        return None if ours is None else self.minus_paper(ours, name)

    def minus_paper(self, value: float, name: str) -> float | None:
        """Subtract the paper's figure of the same data set from a value."""
        paper = self.paper(name) if self.comparable else None
        return None if paper is None else value - paper

    @property
    def gflops(self) -> float | None:
        """Give the paper's GFLOPs of all views of a video, where it says how many there are."""
        gflops, views = self.row.figures.get("gflops"), self.row.figures.get("views", 1)
        return None if gflops is None or views is None else gflops * views


def table_lines(grid: Grid, runs: Path) -> list[Line]:
    """Collect a table: a line for each row and protocol.

    Args:
        grid: The table.
        runs: Folder of all run folders.
    """
    lines = []
    for row in grid.rows.values():
        seeds = found_seeds(grid, row, runs)
        state = row_state(grid, row, seeds or [0], runs)
        for protocol in row.protocols or ("",):
            try:
                found = [measure(grid, row, protocol, seed, runs) for seed in seeds]
            except RunError as error:  # such as a prediction file that is damaged
                lines.append(Line(row, protocol, f"failed: {error}", ()))
                continue
            measured = tuple(one for one in found if one is not None)
            lines.append(Line(row, protocol, state, measured))
    return lines


def row_state(grid: Grid, row: Row, seeds: list[int], runs: Path) -> str:
    """Say how far a row is."""
    jobs = [job for seed in seeds for job in row_jobs(grid, row, seed, runs)]
    return summarize([state_of(job) for job in jobs])


def found_seeds(grid: Grid, row: Row, runs: Path) -> list[int]:
    """List the seeds with which any run of a row was begun."""
    seeds = set()
    for job in row_jobs(grid, row, 0, runs):
        stem = job.name.removesuffix("seed0")
        names = [path.name for path in runs.glob(f"{stem}seed*")]
        seeds |= {int(match[1]) for name in names if (match := SEEDED.fullmatch(name))}
    return sorted(seeds)


def measure(grid: Grid, row: Row, protocol: str, seed: int, runs: Path) -> Measured | None:
    """Read a row's result with one seed; None unless all that it needs is there.

    Raises:
        RunError: If it is an ensemble whose prediction files cannot be added.
    """
    jobs = row_jobs(grid, row, seed, runs)
    if not jobs:
        return None
    records = [record for job in jobs if (record := read_record(job)) is not None]
    flags = frozenset(shlex.join(record.flags) for record in records if record.flags)
    if row.ensemble:
        return _measure_ensemble(grid, jobs, protocol, seed, flags)
    entries = [read_metrics(job.experiment.run_dir).get(f"test_{protocol}") for job in jobs]
    if any(entry is None for entry in entries):
        return None
    return _mean([entry for entry in entries if entry is not None], seed, flags)


def _measure_ensemble(
    grid: Grid, jobs: list[Job], protocol: str, seed: int, flags: frozenset[str]
) -> Measured | None:
    files = [job.experiment.prediction_file(grid.predict_split, protocol) for job in jobs]
    if not all(file.is_file() for file in files):
        return None
    fused = fuse_files(files)
    commits = {
        read_metrics(job.experiment.run_dir).get("val", {}).get("commit", "unknown") for job in jobs
    }
    top1, top5 = 100 * fused.accuracy(1), 100 * fused.accuracy(5)
    return Measured(seed, top1, top5, fused.counted, frozenset(commits), flags)


def _mean(entries: list[Mapping[str, Any]], seed: int, flags: frozenset[str]) -> Measured:
    return Measured(
        seed,
        100 * fmean(entry["top1"] for entry in entries),
        100 * fmean(entry["top5"] for entry in entries),
        sum(entry["n_videos"] for entry in entries),
        frozenset(entry.get("commit", "unknown") for entry in entries),
        flags,
    )
