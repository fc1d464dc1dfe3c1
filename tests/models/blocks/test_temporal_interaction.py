"""Specification of TIM, TEINet's Temporal Interaction Module (section 3.2)."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from models.blocks import TemporalInteraction, TemporalShift


@pytest.mark.parametrize("channels", [8, 64, 20, 5])
@pytest.mark.parametrize("num_segments", [1, 2, 8])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_starts_as_tsms_shift_bit_for_bit(
    channels: int, num_segments: int, layout: torch.memory_format
) -> None:
    x = torch.randn(2 * num_segments, channels, 3, 5).to(memory_format=layout)
    tim, shift = TemporalInteraction(channels, num_segments), TemporalShift(channels, num_segments)
    assert torch.equal(tim(x), shift(x))


def test_it_starts_as_the_shift_of_another_fold_too() -> None:
    x = torch.randn(4, 16, 3, 3)
    assert torch.equal(TemporalInteraction(16, 4, 4)(x), TemporalShift(16, 4, 4)(x))


@pytest.mark.parametrize("channels", [64, 2048])
def test_it_has_three_parameters_per_channel(channels: int) -> None:
    assert sum(p.numel() for p in TemporalInteraction(channels).parameters()) == 3 * channels


def test_a_learned_kernel_weighs_the_previous_the_own_and_the_next_frame() -> None:
    tim = TemporalInteraction(1, 3)
    with torch.no_grad():
        tim.weight.copy_(torch.tensor([100.0, 10.0, 1.0]).view_as(tim.weight))
    frames = torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1, 1)
    assert tim(frames).flatten().tolist() == [12, 123, 230]


def test_channels_are_never_mixed(shake: Callable[[nn.Module], None]) -> None:
    tim = TemporalInteraction(8, 4)
    shake(tim)
    x = torch.randn(4, 8, 3, 3)
    other = x.clone()
    other[:, 5] += 1
    changed = (tim(x) != tim(other)).any(0).flatten(1).any(1)
    assert changed.nonzero().flatten().tolist() == [5]
