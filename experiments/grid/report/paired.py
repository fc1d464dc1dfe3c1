"""Paired comparisons of networks that were tested on the same clips.

Correctness is an array (seeds, clips): whether the training with that seed classified that clip
correctly. All networks have the same clips in the same order; their seeds may differ in number,
because two networks with equal seeds are no pair: their weights share no random numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightning_modules import RunError

Correct = NDArray[np.bool_]
RESAMPLES = 10_000
DRAWN_AT_ONCE = 2_000_000
"""Numbers that are drawn at once, 16 bytes each with their copy."""

LEVEL = 0.95


@dataclass(frozen=True)
class Difference:
    """A difference of mean accuracies, ours minus the baseline's, all in per cent of the clips.

    Attributes:
        mean: The difference.
        low: Lower end of its interval.
        high: Upper end.
    """

    mean: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        """Write the difference with its interval."""
        return f"{self.mean:+.1f} [{self.low:+.1f}, {self.high:+.1f}]"


def bootstrap_difference(
    ours: Correct, baseline: Correct, *, resamples: int = RESAMPLES, level: float = LEVEL
) -> Difference:
    """Estimate the difference of two networks' accuracies and its percentile interval.

    Each resample draws clips, the same for both networks, and the seeds of each network, all with
    replacement. The interval thus covers other clips of the same kind and other seeds; with fewer
    than about five seeds it is too narrow, and one seed adds nothing to it.

    Args:
        ours: (S, N).
        baseline: (R, N).
        resamples: Number of resamples. They are the same in every call.
        level: Part of the resamples inside the interval.

    Raises:
        RunError: If there is no clip or no seed, or the clips differ in number.
    """
    _require_pairs(ours, baseline)
    accuracies = resampled_accuracies([ours, baseline], resamples)
    low, high = percentile_interval(accuracies[0] - accuracies[1], level)
    mean = ours.mean() - baseline.mean()
    return Difference(100 * float(mean), 100 * low, 100 * high)


def percentile_interval(values: NDArray[Any], level: float = LEVEL) -> tuple[float, float]:
    """Return the ends of the interval that holds a part of the resamples.

    Args:
        values: A number of each resample; nan where it is not defined.
        level: The part.
    """
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of two trainings on the same clips.

    Attributes:
        wins: Clips that only ours classified correctly.
        losses: Clips that only the baseline classified correctly.
        p_value: Of the exact two-sided test that both are equally likely.
    """

    wins: int
    losses: int
    p_value: float


def mcnemar(ours: Correct, baseline: Correct) -> McNemar:
    """Compare one training of each network on the same clips, without an interval over seeds.

    Args:
        ours: (N,).
        baseline: (N,).

    Raises:
        RunError: If the clips differ in number or there is none.
    """
    _require_pairs(ours[None], baseline[None])
    wins, losses = int((ours & ~baseline).sum()), int((baseline & ~ours).sum())
    discordant = wins + losses
    tail = sum(comb(discordant, k) for k in range(min(wins, losses) + 1))
    return McNemar(wins, losses, min(1.0, 2 * tail / 2**discordant))


def resampled_accuracies(rows: Sequence[Correct], resamples: int = RESAMPLES) -> NDArray[Any]:
    """Compute the accuracy of each network in each resample, 0-1, (networks, resamples).

    Each resample draws clips, the same for all networks, and the seeds of each network.

    Clips that every training classified alike are interchangeable, so the number of times that any
    of them is drawn is drawn at once: their groups are G, mostly far fewer than N.

    Args:
        rows: Each (S, N); N is the same, S may differ.
        resamples: Number of resamples. They are the same in every call.
    """
    rng = np.random.default_rng(0)
    groups, sizes = np.unique(np.concatenate(rows), axis=1, return_counts=True)
    parts = np.split(groups, np.cumsum([len(row) for row in rows])[:-1])  # each (S, G)
    clips, block = sizes.sum(), max(1, DRAWN_AT_ONCE // len(sizes))
    found = []
    for start in range(0, resamples, block):
        count = min(block, resamples - start)
        drawn = rng.multinomial(clips, sizes / clips, size=count) / clips  # (B, G)
        found.append(np.stack([_resampled(part, drawn, rng) for part in parts]))
    return np.concatenate(found, axis=1)


def _resampled(correct: Correct, drawn: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Compute the accuracy of each resample, (B,), given the weights of its groups, (B, G)."""
    seeds = len(correct)
    weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=len(drawn)) / seeds  # (B, S)
    accuracies: NDArray[Any] = (weights * (drawn @ correct.T.astype(float))).sum(axis=1)
    return accuracies


def _require_pairs(ours: Correct, baseline: Correct) -> None:
    if not ours.size or not baseline.size or ours.shape[1] != baseline.shape[1]:
        raise RunError(
            f"paired comparison of {ours.shape} and {baseline.shape} (seeds, clips): both networks "
            "need the same clips, and at least one seed"
        )
