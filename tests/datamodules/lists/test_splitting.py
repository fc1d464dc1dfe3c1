"""Specification of `splitting`: groups go whole into train, val or test."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from datamodules.errors import DataError
from datamodules.lists.splitting import Split, split_at_random, split_by_groups

GROUPS = [str(number % 20) for number in range(120)]


def splits_of_groups(groups: Sequence[str], splits: Iterable[str]) -> dict[str, set[str]]:
    """Gather the splits in which each group's videos lie."""
    found = defaultdict(set)
    for group, split in zip(groups, splits, strict=True):
        found[group].add(str(split))
    return found


def test_named_groups_are_held_out_and_the_others_train() -> None:
    held_out: dict[Split, Sequence[str]] = {"val": ["b"], "test": ["c", "d"]}
    splits = split_by_groups(["a", "b", "c", "a", "d", "b"], held_out, "list.csv")
    assert splits.tolist() == ["train", "val", "test", "train", "test", "val"]


def test_nothing_held_out_leaves_all_for_training() -> None:
    assert split_by_groups(["a", "b"], {"val": [], "test": []}, "").tolist() == ["train"] * 2


def test_an_unknown_group_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DataError) as caught:
        split_by_groups(["b", "a", "b"], {"val": [], "test": ["z"]}, "list.csv")
    assert str(caught.value) == "list.csv: no video has test group 'z'; groups: a, b"


def test_a_group_named_for_two_splits_is_refused() -> None:
    with pytest.raises(DataError, match=r"list\.csv: group 'a' is named for two splits"):
        split_by_groups(["a", "b"], {"val": ["a"], "test": ["a"]}, "list.csv")


def test_a_draw_never_splits_a_group() -> None:
    for seed in range(50):
        splits = split_at_random(GROUPS, {"val": 0.2, "test": 0.3}, seed, "")
        assert all(len(found) == 1 for found in splits_of_groups(GROUPS, splits).values())


def test_a_draw_holds_out_its_fractions_of_the_groups() -> None:
    splits = split_at_random(GROUPS, {"val": 0.1, "test": 0.25}, 0, "")
    counts = Counter(split for (split,) in splits_of_groups(GROUPS, splits).values())
    assert counts == {"train": 13, "val": 2, "test": 5}


def test_a_draw_is_a_function_of_its_seed() -> None:
    first, second = (split_at_random(GROUPS, {"val": 0.2, "test": 0.2}, 3, "") for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_other_seeds_draw_other_groups() -> None:
    draws = {
        tuple(split_at_random(GROUPS, {"val": 0.2, "test": 0.2}, seed, "")) for seed in range(10)
    }
    assert len(draws) == 10


def test_a_draw_does_not_depend_on_the_order_of_the_list() -> None:
    forward = splits_of_groups(GROUPS, split_at_random(GROUPS, {"val": 0.2, "test": 0.2}, 0, ""))
    backward = splits_of_groups(
        GROUPS[::-1], split_at_random(GROUPS[::-1], {"val": 0.2, "test": 0.2}, 0, "")
    )
    assert forward == backward


def test_fractions_of_0_hold_nothing_out() -> None:
    assert set(split_at_random(GROUPS, {"val": 0.0, "test": 0.0}, 0, "")) == {"train"}


@pytest.mark.parametrize(("val", "test"), [(-0.1, 0.2), (0.2, -0.1), (0.5, 0.5), (1.0, 0.0)])
def test_fractions_that_leave_nothing_are_refused(val: float, test: float) -> None:
    with pytest.raises(DataError, match=r"^list\.csv: fractions .* must not be negative, and"):
        split_at_random(GROUPS, {"val": val, "test": test}, 0, "list.csv")


def test_fractions_that_round_to_all_groups_are_refused() -> None:
    with pytest.raises(DataError):
        split_at_random(["a", "b"], {"val": 0.3, "test": 0.6}, 0, "list.csv")


def test_a_fraction_above_zero_holds_out_at_least_one_group() -> None:
    splits = split_at_random(list("abcd"), {"val": 0.1, "test": 0.0}, seed=0, where="list")
    assert sorted(splits.tolist()) == ["train", "train", "train", "val"]


def test_a_single_group_cannot_be_split() -> None:
    with pytest.raises(DataError, match="leave none for training"):
        split_at_random(["a", "a"], {"val": 0.1, "test": 0.2}, seed=0, where="list")
