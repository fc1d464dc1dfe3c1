"""Differences between the rows of a table and its baseline row, with intervals.

Where every run has saved its predictions of the same clips, rows are compared clip by clip
(`paired`); otherwise by their accuracies with each seed alone.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, variance

import numpy as np

from experiments.fuse import Scores, fuse_files, read_scores
from experiments.grid.grid_file import Grid, Row
from experiments.grid.report.paired import Correct, Difference, bootstrap_difference
from experiments.grid.results import ReportLine
from experiments.grid.runs import row_runs
from lightning_modules import RunError
from lightning_modules.metrics import label_ranks

Clip = tuple[int, str]
"""The number of the run, since a row that is repeated over splits has several; the path."""

T_QUANTILES = (
    *(12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23),
    *(2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10, 2.09, 2.09),
)
"""97.5 % quantiles of Student's t with 1, 2, 3, ... degrees of freedom."""


@dataclass(frozen=True)
class Comparison:
    """A row's top-1 minus the baseline's, under one protocol.

    Attributes:
        difference: In per cent; the interval's ends are nan if there is none.
        paired: Whether it is over the same clips, as a bootstrap over clips and seeds; else it is
            Welch's interval over seeds.
    """

    difference: Difference
    paired: bool

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval: without saved predictions it needs two seeds of each."""
        return not math.isnan(self.difference.low)

    def __str__(self) -> str:
        """Write the difference, its interval, and whether only seeds are compared."""
        if not self.has_interval:
            return f"{self.difference.mean:+.1f}"
        return f"{self.difference}{'' if self.paired else ' seeds'}"


def compare_rows(
    grid: Grid, lines: Sequence[ReportLine], runs_dir: Path
) -> dict[tuple[str, str], Comparison]:
    """Compare the rows that have results with the baseline, under each protocol that it has too.

    Args:
        grid: The table; one without a baseline has no comparisons.
        lines: Its lines.
        runs_dir: Folder of all run folders.

    Returns:
        (row, protocol) -> comparison.
    """
    baselines = {
        line.protocol: line for line in lines if line.row.label == grid.baseline and line.results
    }
    found = {}
    for line in lines:
        baseline = baselines.get(line.protocol)
        if baseline is not None and line is not baseline and line.results:
            place = (line.row.label, line.protocol)
            found[place] = _paired(grid, line, baseline, runs_dir) or _by_seeds(line, baseline)
    return found


def welch(ours: Sequence[float], baseline: Sequence[float]) -> Difference:
    """Estimate a difference of means with its 95 % interval; nan for fewer than two values.

    Args:
        ours: One value for each seed.
        baseline: Likewise.
    """
    mean = fmean(ours) - fmean(baseline)
    if min(len(ours), len(baseline)) < 2:
        return Difference(mean, math.nan, math.nan)
    parts = [(variance(values) / len(values), len(values) - 1) for values in (ours, baseline)]
    error = sum(part for part, _ in parts)
    if error == 0:  # too few seeds on too few videos: equal values say nothing of the spread
        return Difference(mean, math.nan, math.nan)
    freedom = int(error**2 / sum(part**2 / count for part, count in parts))
    half = T_QUANTILES[min(max(freedom, 1), len(T_QUANTILES)) - 1] * math.sqrt(error)
    return Difference(mean, mean - half, mean + half)


def _by_seeds(line: ReportLine, baseline: ReportLine) -> Comparison:
    values = [[one.top1 for one in each.results] for each in (line, baseline)]
    return Comparison(welch(*values), paired=False)


def _paired(
    grid: Grid, line: ReportLine, baseline: ReportLine, runs_dir: Path
) -> Comparison | None:
    """Compare clip by clip; None unless all runs of both rows have predictions of the same."""
    ours, theirs = (
        [dict(_correct(grid, each.row, line.protocol, one.seed, runs_dir)) for one in each.results]
        for each in (line, baseline)
    )
    clips = sorted(theirs[0])
    if not clips or any(sorted(one) != clips for one in (*ours, *theirs)):
        return None
    arrays = [_as_array(seeds, clips) for seeds in (ours, theirs)]
    return Comparison(bootstrap_difference(*arrays), paired=True)


def _as_array(seeds: Sequence[Mapping[Clip, bool]], clips: Sequence[Clip]) -> Correct:
    return np.array([[one[clip] for clip in clips] for one in seeds])


def _correct(
    grid: Grid, row: Row, protocol: str, seed: int, runs_dir: Path
) -> Iterator[tuple[Clip, bool]]:
    """Give the clips of a row with one seed, and whether each was classified correctly.

    Returns:
        None of them if a run has no predictions of its last checkpoint.
    """
    runs = row_runs(grid, row, seed, runs_dir)
    found = [run.predictions_of_last(grid.predict_split, protocol) for run in runs]
    files = [file for file in found if file is not None]
    if len(files) < len(runs):
        return
    try:
        tables = [fuse_files(files)] if row.ensemble else [read_scores(file) for file in files]
    except RunError:  # such as a damaged file; the row's results say so if they need it
        return
    for number, table in enumerate(tables):
        yield from (((number, clip), hit) for clip, hit in _hits(table))


def _hits(table: Scores) -> Iterator[tuple[str, bool]]:
    known = table.labels >= 0
    hits = label_ranks(table.scores[known], table.labels[known]) == 0
    paths = [path for path, counted in zip(table.paths, known.tolist(), strict=True) if counted]
    yield from zip(paths, hits.tolist(), strict=True)
