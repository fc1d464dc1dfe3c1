"""Specification of what every network refuses, whichever family it is of."""

import pytest
import torch
from torch import nn

from models import ECO, I3D, TSN, ModelError
from models.clips import require_clips, reset_head

every_family = pytest.mark.parametrize("network_class", [TSN, I3D, ECO])


@every_family
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": 0}, "num_classes=0"),
        ({"num_segments": 0}, "num_segments=0"),
        ({"dropout": 1.5}, "dropout=1.5 must be in 0-1"),
    ],
)
def test_sizes_that_make_no_network_are_refused(
    network_class: type[nn.Module], arguments: dict[str, float], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        network_class(**({"num_classes": 5} | arguments))


@pytest.mark.parametrize("shape", [(2, 3, 3, 8, 8), (8, 3, 8, 8), (2, 4, 8, 8)])
def test_clips_of_another_shape_are_refused_with_theirs_and_the_network_s(
    shape: tuple[int, ...],
) -> None:
    with pytest.raises(ModelError, match=r"\(B, 4, 3, H, W\)") as refusal:
        require_clips(torch.empty(shape), 4)
    assert str(shape) in str(refusal.value)


def test_a_head_starts_with_small_weights_and_zero_bias() -> None:
    head = nn.Linear(1000, 100)
    reset_head(head)
    assert head.weight.std().item() == pytest.approx(0.001, rel=0.05)
    assert not head.bias.any()
