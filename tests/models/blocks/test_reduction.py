"""Specification of `reduced_channels`."""

import pytest

from models import ModelError
from models.blocks.reduction import reduced_channels


def test_channels_are_divided() -> None:
    assert reduced_channels(64, 8) == 8


@pytest.mark.parametrize("reduction", [0, -1, 65])
def test_a_reduction_that_leaves_nothing_is_refused(reduction: int) -> None:
    with pytest.raises(ModelError, match=f"reduction={reduction}"):
        reduced_channels(64, reduction)
