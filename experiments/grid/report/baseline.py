"""Differences between the rows of a table and its baseline row, with intervals.

Where every run has saved its predictions of the same clips, rows are compared clip by clip
(`paired`); otherwise by their accuracies with each seed alone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from experiments.grid.report.clip_scores import ClipScores
from experiments.grid.report.paired import Difference, bootstrap_difference
from experiments.grid.results import ReportLine
from experiments.grid.table import Grid

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
    grid: Grid, lines: Sequence[ReportLine], scores: Mapping[tuple[str, str], ClipScores]
) -> dict[tuple[str, str], Comparison]:
    """Compare the rows that have results with the baseline, under each protocol that it has too.

    Args:
        grid: The table; one without a baseline has no comparisons.
        lines: Its lines.
        scores: (row, protocol) -> saved predictions of the lines that have them.

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
            found[place] = _paired(line, baseline, scores) or _by_seeds(line, baseline)
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
    line: ReportLine, baseline: ReportLine, scores: Mapping[tuple[str, str], ClipScores]
) -> Comparison | None:
    """Compare clip by clip; None unless both rows have predictions of the same clips."""
    ours, theirs = (scores.get((each.row.label, each.protocol)) for each in (line, baseline))
    if ours is None or theirs is None or ours.paths != theirs.paths:
        return None
    return Comparison(bootstrap_difference(ours.correct, theirs.correct), paired=True)
