"""How far two orders of the same things agree: Spearman's and Kendall's rank correlations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.grid.results import Line

MIN_ROWS = 3


@dataclass(frozen=True)
class Agreement:
    """How far our order of a table's rows is the paper's.

    Attributes:
        dataset: The data set that ours are measured on.
        papers_dataset: The one that the paper's are measured on.
        rows: How many rows have both figures.
        spearman: Spearman's rho, -1 to 1.
        kendall: Kendall's tau-b, -1 to 1.
        by_seed: Spearman's rho of each seed that all these rows were run with, by itself: how far
            chance moves it; empty where there is one seed.
    """

    dataset: str
    papers_dataset: str
    rows: int
    spearman: float
    kendall: float
    by_seed: tuple[float, ...] = ()


def agreements(lines: Sequence[Line]) -> list[Agreement]:
    """Compare the orders by top-1, for each data set with three rows or more."""
    found = []
    for datasets in dict.fromkeys(_datasets(line) for line in lines):
        some = [line for line in lines if _datasets(line) == datasets and line.both("top1")]
        if len(some) >= MIN_ROWS:
            ours, paper = np.array([line.both("top1") for line in some], dtype=float).T
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


def _by_seed(lines: Sequence[Line]) -> list[np.ndarray]:
    """List each seed's top-1 of all lines, of the seeds that all have."""
    found = [{one.seed: one.top1 for one in line.measured} for line in lines]
    common = set.intersection(*(set(line) for line in found))
    return [np.array([line[seed] for line in found]) for seed in sorted(common)]


def _datasets(line: Line) -> tuple[str, str]:
    return line.row.dataset, line.row.figures_dataset


def ranks(values: np.ndarray) -> np.ndarray:
    """Number values from the smallest, from 1; equal ones share the mean of their numbers."""
    below = (values[None] < values[:, None]).sum(axis=1)
    equal = (values[None] == values[:, None]).sum(axis=1)
    return below + (equal + 1) / 2


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Correlate the ranks; nan where one side is constant."""
    a, b = ranks(one) - (len(one) + 1) / 2, ranks(other) - (len(other) + 1) / 2
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale else float("nan")


def kendall(one: np.ndarray, other: np.ndarray) -> float:
    """Count pairs in the same order minus pairs in the other, tau-b; nan where one is constant."""
    upper = np.triu_indices(len(one), 1)
    a = np.sign(one[None] - one[:, None])[upper]
    b = np.sign(other[None] - other[:, None])[upper]
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale else float("nan")
