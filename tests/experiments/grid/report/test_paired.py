"""Specification of paired comparisons: differences over clips and seeds, and McNemar's test."""

import tracemalloc

import numpy as np
import pytest

from experiments.grid.report import paired
from experiments.grid.report.paired import bootstrap_difference, mcnemar
from lightning_modules import RunError


def correct(seeds: int, clips: int, accuracy: float, start: int = 0) -> np.ndarray:
    """Draw clips of different difficulty, which are the same for every network."""
    difficulty = np.random.default_rng(7).random(clips)
    noise = np.random.default_rng(start).normal(0, 0.1, (seeds, clips))
    return difficulty + noise < accuracy


def test_the_difference_is_that_of_the_mean_accuracies() -> None:
    ours = np.array([[True, True, False, True], [True, False, False, True]])
    baseline = np.array([[False, True, False, True]])
    assert bootstrap_difference(ours, baseline).mean == pytest.approx(62.5 - 50)


def test_equal_networks_have_an_interval_around_zero() -> None:
    found = bootstrap_difference(correct(3, 400, 0.5, 1), correct(3, 400, 0.5, 2))
    assert found.low < 0 < found.high
    assert not found.is_clear


def test_a_large_difference_is_clear_and_signed() -> None:
    better, worse = correct(3, 400, 0.7, 1), correct(3, 400, 0.5, 2)
    found = bootstrap_difference(better, worse)
    assert found.low > 10
    assert found.is_clear
    back = bootstrap_difference(worse, better)
    assert back.is_clear
    assert back.mean == -found.mean


def test_the_interval_of_one_seed_is_the_known_one_of_paired_clips() -> None:
    ours, baseline = correct(1, 2000, 0.6, 1), correct(1, 2000, 0.5, 2)
    found = bootstrap_difference(ours, baseline)
    pairs = ours[0].astype(float) - baseline[0]
    half = 100 * 1.96 * pairs.std() / np.sqrt(2000)
    assert found.low == pytest.approx(found.mean - half, abs=0.3)
    assert found.high == pytest.approx(found.mean + half, abs=0.3)


def test_seeds_that_disagree_widen_the_interval() -> None:
    steady = np.repeat(correct(1, 300, 0.6), 3, axis=0)
    spread = np.concatenate([correct(1, 300, accuracy) for accuracy in (0.4, 0.6, 0.8)])
    baseline = np.repeat(correct(1, 300, 0.5), 3, axis=0)
    narrow, wide = (bootstrap_difference(one, baseline) for one in (steady, spread))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_the_same_arrays_give_the_same_interval() -> None:
    one, other = correct(2, 100, 0.6, 1), correct(2, 100, 0.5, 2)
    assert bootstrap_difference(one, other) == bootstrap_difference(one, other)


@pytest.mark.parametrize(
    ("seeds", "clips", "resamples"),
    [(3, 25_000, 10_000), (12, 6_000, 4_000)],  # few patterns of right and wrong, and many
)
def test_many_clips_need_less_than_100_megabytes(seeds: int, clips: int, resamples: int) -> None:
    one, other = correct(seeds, clips, 0.6, 1), correct(seeds, clips, 0.5, 2)
    tracemalloc.start()
    found = bootstrap_difference(one, other, resamples=resamples)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.is_clear
    assert peak < 100e6


def test_the_interval_is_that_of_drawing_clip_by_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paired, "DRAWN_AT_ONCE", 1_000)
    one, other = correct(3, 200, 0.6, 1), correct(2, 200, 0.5, 2)
    rng = np.random.default_rng(1)
    drawn = [
        one[rng.integers(3, size=3)][:, clips].mean()
        - other[rng.integers(2, size=2)][:, clips].mean()
        for clips in rng.integers(200, size=(10_000, 200))
    ]
    found = bootstrap_difference(one, other)
    low, high = 100 * np.quantile(drawn, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.4)


def test_a_difference_is_written_with_its_interval() -> None:
    same = np.ones((2, 5), dtype=bool)
    assert str(bootstrap_difference(same, same)) == "+0.0 [+0.0, +0.0]"


@pytest.mark.parametrize(
    ("wins", "losses", "p_value"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (6, 0, 2 / 64),
        (8, 1, 20 / 512),
        (1, 8, 20 / 512),
        (300, 200, 9.0e-6),  # scipy.stats.binomtest(300, 500).pvalue
    ],
)
def test_mcnemar_is_the_exact_test_of_the_clips_on_which_two_trainings_differ(
    wins: int, losses: int, p_value: float
) -> None:
    ours = np.array([True] * wins + [False] * losses + [True, False])
    baseline = np.array([False] * wins + [True] * losses + [True, False])
    found = mcnemar(ours, baseline)
    assert (found.wins, found.losses) == (wins, losses)
    assert found.p_value == pytest.approx(p_value, rel=0.02)


@pytest.mark.parametrize("shape", [(1, 3), (0, 4), (2, 0)])
def test_other_clips_or_none_are_refused_by_their_numbers(shape: tuple[int, int]) -> None:
    with pytest.raises(RunError, match=r"need the same clips, and at least one seed"):
        bootstrap_difference(np.ones((2, 4), dtype=bool), np.ones(shape, dtype=bool))
