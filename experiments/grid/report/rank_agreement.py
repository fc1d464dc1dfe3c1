"""How well our order of a table's rows agrees with the paper's, as rank correlations of top-1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torchmetrics.functional.regression import kendall_rank_corrcoef

from experiments.grid.report.clip_scores import ClipScores
from experiments.grid.report.paired import percentile_interval, resampled_accuracies
from experiments.grid.results import ReportLine

MIN_ROWS = 3


@dataclass(frozen=True)
class Agreement:
    """The agreement of two orders.

    Attributes:
        dataset: The data set of our figures.
        papers_dataset: The data set of the paper's figures.
        rows: Number of rows that have both figures.
        spearman: Spearman's rho, -1 to 1; nan if all figures of one side are equal.
        kendall: Kendall's tau-b, -1 to 1; nan likewise.
        by_seed: Spearman's rho with each seed that all these rows were run with, to show its
            variation; empty for fewer than two such seeds.
        interval: The ends of the 95 % interval of Spearman's rho; None unless all rows have
            predictions of the same clips.
    """

    dataset: str
    papers_dataset: str
    rows: int
    spearman: float
    kendall: float
    by_seed: tuple[float, ...] = ()
    interval: tuple[float, float] | None = None


def agreements(
    lines: Sequence[ReportLine], scores: Mapping[tuple[str, str], ClipScores]
) -> list[Agreement]:
    """Compare the orders by top-1, for each data set with at least `MIN_ROWS` rows.

    Args:
        lines: The lines of a table.
        scores: (row, protocol) -> saved predictions of the lines that have them.
    """
    found = []
    for datasets in dict.fromkeys(_datasets(line) for line in lines):
        some = [line for line in lines if _datasets(line) == datasets and line.both("top1")]
        if len(some) >= MIN_ROWS:
            ours, paper = torch.tensor([line.both("top1") for line in some], dtype=torch.double).T
            rhos = tuple(float(spearman(top1, paper)) for top1 in _by_seed(some))
            found.append(
                Agreement(
                    *datasets,
                    len(some),
                    float(spearman(ours, paper)),
                    kendall(ours, paper),
                    rhos if len(rhos) > 1 else (),
                    _interval(some, paper, scores),
                )
            )
    return found


def _interval(
    lines: Sequence[ReportLine], paper: Tensor, scores: Mapping[tuple[str, str], ClipScores]
) -> tuple[float, float] | None:
    """Resample the test clips, the same for all rows, and the seeds of each row."""
    found = [scores.get((line.row.label, line.protocol)) for line in lines]
    known = [one for one in found if one is not None]
    if len(known) < len(lines) or any(one.paths != known[0].paths for one in known):
        return None
    accuracies = torch.from_numpy(resampled_accuracies([one.correct for one in known])).T
    rhos = spearman(accuracies.round(decimals=9), paper)  # equal ones may differ in the last bit
    return None if rhos.isnan().all() else percentile_interval(rhos.numpy())


def _by_seed(lines: Sequence[ReportLine]) -> list[Tensor]:
    """List the top-1 of all lines with one seed, for each seed that all lines have."""
    found = [{one.seed: one.top1 for one in line.results} for line in lines]
    common = set.intersection(*(set(line) for line in found))
    return [
        torch.tensor([line[seed] for line in found], dtype=torch.double) for seed in sorted(common)
    ]


def _datasets(line: ReportLine) -> tuple[str, str]:
    return line.row.dataset, line.row.figures_dataset


def spearman(one: Tensor, other: Tensor) -> Tensor:
    """Return Spearman's rho, (...,); nan if one side is constant.

    torchmetrics ranks one vector at a time, too slowly for thousands of resamples.

    Args:
        one: Values, (..., n).
        other: Values, (n,).
    """
    deviations = [ranks - ranks.mean(-1, keepdim=True) for ranks in map(_ranks, (one, other))]
    ours, theirs = (each / each.norm(dim=-1, keepdim=True) for each in deviations)
    return (ours * theirs).sum(-1)


def _ranks(values: Tensor) -> Tensor:
    """Rank values from 0, (..., n); equal ones share the mean of their ranks."""
    one, other = values[..., :, None], values[..., None, :]
    return (one > other).sum(-1) + ((one == other).sum(-1) - 1) / 2


def kendall(one: Tensor, other: Tensor) -> float:
    """Return Kendall's tau-b; nan if one side is constant.

    Args:
        one: Values, (n,).
        other: Values, (n,).
    """
    tau = kendall_rank_corrcoef(one, other, variant="b")
    assert isinstance(tau, Tensor)  # a pair only with a t-test
    return float(tau)
