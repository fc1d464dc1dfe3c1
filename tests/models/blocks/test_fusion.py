"""Specification of the three fusions of SME and CTI (TSI, table 4d)."""

import torch
from torch import nn

from models.blocks.fusion import Cascade, Concatenation, Summation


def double_and_add_ten() -> tuple[nn.Module, nn.Module]:
    """Make two 1x1 convolutions, 2x and x + 10, whose order tells in the result."""
    double, add = nn.Conv2d(3, 3, 1, groups=3), nn.Conv2d(3, 3, 1, groups=3)
    for conv, weight, bias in ((double, 2.0, 0.0), (add, 1.0, 10.0)):
        conv.load_state_dict(
            {"weight": torch.full((3, 1, 1, 1), weight), "bias": torch.full((3,), bias)}
        )
    return double, add


def test_a_cascade_applies_sme_then_cti() -> None:
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(Cascade(*double_and_add_ten())(x), 2 * x + 10)


def test_a_summation_adds_both() -> None:
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(Summation(*double_and_add_ten())(x), 3 * x + 10)


def test_a_concatenation_stacks_sme_then_cti() -> None:
    x = torch.randn(2, 3, 4, 4)
    fused = Concatenation(*double_and_add_ten(), 3)(x)
    torch.testing.assert_close(fused, torch.cat([2 * x, x + 10], dim=1))


def test_a_concatenation_states_its_output_channels() -> None:
    assert Concatenation(nn.Identity(), nn.Identity(), 3).out_channels == 6
