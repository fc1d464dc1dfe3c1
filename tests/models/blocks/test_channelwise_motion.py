"""Specification of CMM, STM's Channel-wise Motion Module (section 3.2)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from models.blocks import ChannelwiseMotion

Shake = Callable[[nn.Module], None]
FramesThatChange = Callable[[nn.Module, Tensor, int], set[int]]


def test_it_restores_the_width_of_the_difference(shake: Shake) -> None:
    cmm = ChannelwiseMotion(32, 3).eval()
    shake(cmm)
    x = torch.randn(6, 32, 4, 4)
    assert torch.equal(cmm(x), cmm.restore(cmm.motion(x)))


def test_the_last_frame_of_every_clip_is_zero() -> None:
    assert not ChannelwiseMotion(32, 3)(torch.randn(6, 32, 4, 4))[2::3].any()


def test_a_frame_reaches_itself_and_the_previous_frame_only(
    shake: Shake, frames_that_change: FramesThatChange
) -> None:
    cmm = ChannelwiseMotion(32, 4).eval()
    shake(cmm)
    assert frames_that_change(cmm, torch.randn(4, 32, 3, 3), 2) == {1, 2}


def test_its_parameters_are_two_1x1_convolutions_with_r_16_a_norm_and_a_3x3_one() -> None:
    assert sum(p.numel() for p in ChannelwiseMotion(64).parameters()) == 2 * 64 * 4 + 2 * 4 + 9 * 4
