"""Specification of ME, TEA's Motion Excitation (section 3.1, equations 1-5)."""

from collections.abc import Callable
from typing import cast

import pytest
import torch
from torch import Tensor, nn

from models import ModelError
from models.blocks import MotionExcitation
from models.blocks.motion_excitation import ExcitationGate

Shake = Callable[[nn.Module], None]
FramesThatChange = Callable[[nn.Module, Tensor, int], set[int]]


@pytest.mark.parametrize("norm", [True, False])
def test_it_is_equations_3_to_5(norm: bool, shake: Shake) -> None:
    me = MotionExcitation(32, 3, norm=norm).double().eval()
    shake(me)
    x = torch.randn(6, 32, 4, 4, dtype=torch.float64)
    pooled = me.motion(x).mean((2, 3), keepdim=True)
    attention = 2 * torch.sigmoid(me.norm(me.expand(pooled))) - 1
    torch.testing.assert_close(me(x), x + x * attention)


def test_a_frame_without_motion_is_left_as_it_is_where_no_norm_shifts_the_gate() -> None:
    x = torch.randn(4, 32, 3, 3)
    assert torch.equal(MotionExcitation(32, 4, norm=False)(x)[3], x[3])


def test_the_gate_is_signed_and_the_code_s_is_half_of_the_paper_s(shake: Shake) -> None:
    paper, halved = MotionExcitation(32, 3).eval(), MotionExcitation(32, 3, gate="halved").eval()
    shake(paper)
    halved.load_state_dict(paper.state_dict())
    x = torch.randn(3, 32, 4, 4)
    gates = paper.gates(x)
    assert gates.min() < 0 < gates.max()
    assert gates.abs().max() <= 1
    torch.testing.assert_close(halved.gates(x), gates / 2)


@pytest.mark.parametrize("frame", range(4))
def test_a_frame_reaches_itself_and_the_previous_frame_only(
    frame: int, shake: Shake, frames_that_change: FramesThatChange
) -> None:
    me = MotionExcitation(32, 4).eval()
    shake(me)
    changed = frames_that_change(me, torch.randn(4, 32, 3, 3), frame)
    assert changed == {frame - 1, frame} - {-1}


def test_its_parameters_are_two_1x1_convolutions_with_r_16_a_3x3_one_and_two_norms() -> None:
    me = MotionExcitation(64)
    assert sum(p.numel() for p in me.parameters()) == 2 * 64 * 4 + 9 * 4 + 2 * (4 + 64)


def test_an_unknown_gate_and_a_single_frame_are_refused() -> None:
    with pytest.raises(ModelError, match="gate='soft'"):
        MotionExcitation(32, gate=cast(ExcitationGate, "soft"))
    with pytest.raises(ModelError, match="num_segments=1"):
        MotionExcitation(32, 1)
