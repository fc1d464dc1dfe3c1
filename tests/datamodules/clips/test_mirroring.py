"""Specification of `mirroring`: left and right change places in class names."""

import pytest

from datamodules.clips.mirroring import mirrored_labels
from datamodules.errors import DataError


def test_pairs_swap_and_others_stay() -> None:
    names = (
        "Pushing something from left to right",
        "Holding something upright",
        "Pushing something from right to left",
        "Turning the camera left while filming something",
        "Turning the camera right while filming something",
    )
    assert mirrored_labels(names) == [2, 1, 0, 4, 3]


@pytest.mark.parametrize("names", [("turn_left", "turn_right"), ("Left", "Right")])
def test_names_of_any_spelling_swap(names: tuple[str, str]) -> None:
    assert mirrored_labels(names) == [1, 0]


@pytest.mark.parametrize("other", ["anticlockwise", "counterclockwise", "Counter-Clockwise"])
def test_rotations_swap(other: str) -> None:
    assert mirrored_labels(["turn clockwise", f"turn {other}", "sit"]) == [1, 0, 2]


def test_a_rotation_without_its_mirror_image_is_refused() -> None:
    with pytest.raises(DataError, match="'clockwise' cannot be mirrored, since 'anticlockwise'"):
        mirrored_labels(["clockwise", "sit"])


def test_mirroring_twice_changes_nothing() -> None:
    names = ("swing left", "bright", "swing right", "sit")
    once = mirrored_labels(names)
    assert [once[label] for label in once] == [0, 1, 2, 3]


def test_a_direction_without_its_mirror_image_is_refused() -> None:
    with pytest.raises(DataError, match="'kick left' cannot be mirrored, since 'kick right' is no"):
        mirrored_labels(["kick left", "sit"])


def test_a_name_may_be_declared_flip_invariant() -> None:
    assert mirrored_labels(["pulling it right out", "sit"], ["pulling it right out"]) == [0, 1]
