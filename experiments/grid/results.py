"""Results of the rows of a table, next to the figures that the paper prints."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from experiments.fuse import fuse_files
from experiments.grid.runs import row_runs
from experiments.grid.state import (
    differences_from_row,
    is_unrecorded,
    read_record,
    state_of,
    summarize,
)
from experiments.grid.table import Grid, Row
from experiments.session import Run, has_top5, read_metrics, result_of_last
from lightning_modules import RunError
from lightning_modules.metrics import means_top5

SEEDED = re.compile(r".*-seed(\d+)")


@dataclass(frozen=True)
class SeedResult:
    """A row's result with one seed, under one test protocol.

    Attributes:
        seed: The seed.
        top1: In per cent; the mean over the values of ``repeat_over``.
        top5: Likewise; None of five classes or fewer, where it is always 100.
        videos: Number of evaluated videos, summed over the values of ``repeat_over``.
        commits: Git commits of the code that evaluated.
        flags: The user's further flags for train.py, of the runs that had any.
    """

    seed: int
    top1: float
    top5: float | None
    videos: int
    commits: frozenset[str]
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ReportLine:
    """One line of a report: a row under one test protocol, with the results of all its seeds.

    Attributes:
        row: The row.
        protocol: The protocol, empty for a quoted row.
        state: The state of its runs, see `experiments.grid.state`.
        results: One for each seed that has a result.
    """

    row: Row
    protocol: str
    state: str
    results: tuple[SeedResult, ...]

    def paper(self, name: str) -> float | None:
        """Return the paper's figure, which belongs to the row's first protocol."""
        first = not self.protocol or self.protocol == self.row.protocols[0]
        return self.row.figures.get(name) if first else None

    def ours(self, name: str) -> float | None:
        """Return the mean over the seeds; None if there is none."""
        values = self._of_seeds(name)
        return fmean(values) if values else None

    def spread(self, name: str) -> float | None:
        """Return the standard deviation over the seeds; None for fewer than two."""
        values = self._of_seeds(name)
        return stdev(values) if len(values) > 1 else None

    def _of_seeds(self, name: str) -> list[float]:
        values = [getattr(one, name) for one in self.results]
        return [value for value in values if value is not None]

    @property
    def comparable(self) -> bool:
        """Whether our figures and the paper's were measured on the same data set."""
        return self.row.dataset == self.row.figures_dataset

    def both(self, name: str) -> tuple[float, float] | None:
        """Return our figure and the paper's; None unless both exist."""
        ours, paper = self.ours(name), self.paper(name)
        return None if ours is None or paper is None else (ours, paper)

    def difference(self, name: str) -> float | None:
        """Return our mean minus the paper's figure; None on different data sets."""
        ours = self.ours(name)
        return None if ours is None else self.minus_paper(ours, name)

    def minus_paper(self, value: float, name: str) -> float | None:
        """Subtract the paper's figure from a value; None on different data sets."""
        paper = self.paper(name) if self.comparable else None
        return None if paper is None else value - paper

    @property
    def gflops(self) -> float | None:
        """Return the paper's GFLOPs of all views of a video; None if it does not print them."""
        gflops, views = self.row.figures.get("gflops"), self.row.figures.get("views", 1)
        return None if gflops is None or views is None else gflops * views


def report_lines(grid: Grid, runs_dir: Path) -> list[ReportLine]:
    """Collect the results of a table: a line for each row and protocol.

    Args:
        grid: The table.
        runs_dir: Folder of all run folders.
    """
    lines = []
    for row in grid.rows.values():
        seeds = found_seeds(grid, row, runs_dir)
        state = row_state(grid, row, seeds or [0], runs_dir)
        for protocol in row.protocols or ("",):
            try:
                found = [read_result(grid, row, protocol, seed, runs_dir) for seed in seeds]
            except RunError as error:  # such as a damaged prediction file
                lines.append(ReportLine(row, protocol, f"failed: {error}", ()))
                continue
            results = tuple(one for one in found if one is not None)
            lines.append(ReportLine(row, protocol, state, results))
    return lines


def row_state(grid: Grid, row: Row, seeds: list[int], runs_dir: Path) -> str:
    """Return the state of a row's runs with these seeds."""
    runs = [run for seed in seeds for run in row_runs(grid, row, seed, runs_dir)]
    return summarize([state_of(run) for run in runs])


def found_seeds(grid: Grid, row: Row, runs_dir: Path) -> list[int]:
    """List the seeds with which any run of a row has been started.

    Seeds of which a run has another configuration are left out, see `other_runs`.
    """
    others = other_runs(grid, row, runs_dir)
    return [seed for seed in _seeds_in(grid, row, runs_dir) if seed not in others]


def other_runs(grid: Grid, row: Row, runs_dir: Path) -> dict[int, str]:
    """List the seeds whose run folders hold runs of another configuration than the row's.

    Returns:
        Seed -> a folder, and one difference.
    """
    return {
        seed: f"{run.run_dir}: {different[0]}"
        for seed in _seeds_in(grid, row, runs_dir)
        for run in row_runs(grid, row, seed, runs_dir)
        if (different := differences_from_row(run))
    }


def unrecorded_seeds(grid: Grid, row: Row, runs_dir: Path) -> list[int]:
    """List the seeds whose runs were made before records kept configurations."""
    return [
        seed
        for seed in _seeds_in(grid, row, runs_dir)
        if any(map(is_unrecorded, row_runs(grid, row, seed, runs_dir)))
    ]


def _seeds_in(grid: Grid, row: Row, runs_dir: Path) -> list[int]:
    seeds = set()
    for run in row_runs(grid, row, 0, runs_dir):
        stem = run.name.removesuffix("seed0")
        names = [path.name for path in runs_dir.glob(f"{stem}seed*")]
        seeds |= {int(match[1]) for name in names if (match := SEEDED.fullmatch(name))}
    return sorted(seeds)


def read_result(
    grid: Grid, row: Row, protocol: str, seed: int, runs_dir: Path
) -> SeedResult | None:
    """Read a row's result with one seed; None unless all its runs have one.

    Raises:
        RunError: If it is an ensemble whose prediction files cannot be fused.
    """
    runs = row_runs(grid, row, seed, runs_dir)
    if not runs:
        return None
    records = [record for run in runs if (record := read_record(run)) is not None]
    flags = frozenset(shlex.join(record.flags) for record in records if record.flags)
    if row.ensemble:
        return _fuse(grid, runs, protocol, seed, flags)
    entries = [result_of_last(run.run_dir, protocol) for run in runs]
    if any(entry is None for entry in entries):
        return None
    return _mean([entry for entry in entries if entry is not None], seed, flags)


def _fuse(
    grid: Grid, runs: list[Run], protocol: str, seed: int, flags: frozenset[str]
) -> SeedResult | None:
    found = [run.predictions_of_last(grid.predict_split, protocol) for run in runs]
    files = [file for file in found if file is not None]
    if len(files) < len(runs):
        return None
    fused = fuse_files(files)
    commits = {read_metrics(run.run_dir).get("val", {}).get("commit", "unknown") for run in runs}
    top1 = 100 * fused.accuracy(1)
    top5 = 100 * fused.accuracy(5) if means_top5(len(fused.class_names)) else None
    return SeedResult(seed, top1, top5, fused.counted, frozenset(commits), flags)


def _mean(entries: list[Mapping[str, Any]], seed: int, flags: frozenset[str]) -> SeedResult:
    return SeedResult(
        seed,
        100 * fmean(entry["top1"] for entry in entries),
        100 * fmean(entry["top5"] for entry in entries) if all(map(has_top5, entries)) else None,
        sum(entry["n_videos"] for entry in entries),
        frozenset(entry.get("commit", "unknown") for entry in entries),
        flags,
    )
