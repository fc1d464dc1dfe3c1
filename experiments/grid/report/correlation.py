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
    """

    dataset: str
    papers_dataset: str
    rows: int
    spearman: float
    kendall: float


def agreements(lines: Sequence[Line]) -> list[Agreement]:
    """Compare the orders by top-1, for each data set with three rows or more."""
    found = []
    for datasets in dict.fromkeys(_datasets(line) for line in lines):
        pairs = [
            both for line in lines if _datasets(line) == datasets and (both := line.both("top1"))
        ]
        if len(pairs) >= MIN_ROWS:
            ours, paper = np.array(pairs, dtype=float).T
            found.append(
                Agreement(*datasets, len(pairs), spearman(ours, paper), kendall(ours, paper))
            )
    return found


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
