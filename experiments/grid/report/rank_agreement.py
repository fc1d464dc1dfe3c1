"""How well our order of a table's rows agrees with the paper's, as rank correlations of top-1."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torchmetrics.functional.regression import kendall_rank_corrcoef, spearman_corrcoef

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
    """

    dataset: str
    papers_dataset: str
    rows: int
    spearman: float
    kendall: float
    by_seed: tuple[float, ...] = ()


def agreements(lines: Sequence[ReportLine]) -> list[Agreement]:
    """Compare the orders by top-1, for each data set with at least `MIN_ROWS` rows."""
    found = []
    for datasets in dict.fromkeys(_datasets(line) for line in lines):
        some = [line for line in lines if _datasets(line) == datasets and line.both("top1")]
        if len(some) >= MIN_ROWS:
            ours, paper = torch.tensor([line.both("top1") for line in some], dtype=torch.double).T
            rhos = tuple(spearman(top1, paper) for top1 in _by_seed(some))
            found.append(
                Agreement(
                    *datasets,
                    len(some),
                    spearman(ours, paper),
                    kendall(ours, paper),
                    rhos if len(rhos) > 1 else (),
                )
            )
    return found


def _by_seed(lines: Sequence[ReportLine]) -> list[Tensor]:
    """List the top-1 of all lines with one seed, for each seed that all lines have."""
    found = [{one.seed: one.top1 for one in line.results} for line in lines]
    common = set.intersection(*(set(line) for line in found))
    return [
        torch.tensor([line[seed] for line in found], dtype=torch.double) for seed in sorted(common)
    ]


def _datasets(line: ReportLine) -> tuple[str, str]:
    return line.row.dataset, line.row.figures_dataset


def spearman(one: Tensor, other: Tensor) -> float:
    """Return Spearman's rho; nan if one side is constant, for which torchmetrics returns 0.

    Args:
        one: Values, (n,).
        other: Values, (n,).
    """
    if one.unique().numel() == 1 or other.unique().numel() == 1:
        return float("nan")
    return float(spearman_corrcoef(one, other))


def kendall(one: Tensor, other: Tensor) -> float:
    """Return Kendall's tau-b; nan if one side is constant.

    Args:
        one: Values, (n,).
        other: Values, (n,).
    """
    tau = kendall_rank_corrcoef(one, other, variant="b")
    assert isinstance(tau, Tensor)  # a pair only with a t-test
    return float(tau)
