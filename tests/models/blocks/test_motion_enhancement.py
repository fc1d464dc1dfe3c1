"""Specification of MEM, TEINet's Motion Enhanced Module (section 3.1, equations 1-3)."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from models import ModelError
from models.blocks import MotionEnhancement

Shake = Callable[[nn.Module], None]
FramesThatChange = Callable[[nn.Module, Tensor, int], set[int]]


def apply_1x1(conv: nn.Conv2d, vector: Tensor) -> Tensor:
    """Apply a 1x1 convolution to one frame's pooled channels as a matrix."""
    product = conv.weight[:, :, 0, 0] @ vector
    return product if conv.bias is None else product + conv.bias


def equations_1_to_3(mem: MotionEnhancement, x: Tensor, num_segments: int) -> Tensor:
    """Enhance frame by frame as the paper writes it."""
    output = x.clone()
    pooled = x.mean((2, 3))
    for start in range(0, len(x), num_segments):
        for t in range(start, start + num_segments - 1):
            s = apply_1x1(mem.conv1, pooled[t]) - apply_1x1(mem.conv2, pooled[t + 1])
            gate = 1 / (1 + torch.exp(-apply_1x1(mem.conv3, s)))
            output[t] = gate[:, None, None] * x[t]
    return output


@pytest.mark.parametrize("num_segments", [2, 3, 8])
@pytest.mark.parametrize("bias", [True, False])
def test_it_is_equations_1_to_3(num_segments: int, bias: bool, shake: Shake) -> None:
    mem = MotionEnhancement(16, num_segments, bias=bias).double()
    shake(mem)
    x = torch.randn(2 * num_segments, 16, 3, 5, dtype=torch.float64)
    torch.testing.assert_close(mem(x), equations_1_to_3(mem, x, num_segments))


@pytest.mark.parametrize("num_segments", [2, 4])
def test_the_last_frame_of_every_clip_is_untouched_bit_for_bit(
    num_segments: int, shake: Shake
) -> None:
    mem = MotionEnhancement(16, num_segments)
    shake(mem)
    x = torch.randn(3 * num_segments, 16, 4, 4)
    last = slice(num_segments - 1, None, num_segments)
    assert torch.equal(mem(x)[last], x[last])


def test_every_other_frame_is_gated(shake: Shake) -> None:
    mem = MotionEnhancement(16, 4)
    shake(mem)
    x = torch.randn(4, 16, 4, 4)
    assert (mem(x)[:3].abs() < x[:3].abs()).all()


@pytest.mark.parametrize("frame", range(5))
def test_the_gates_depend_on_their_own_and_the_next_frame_only(
    frame: int, shake: Shake, frames_that_change: FramesThatChange
) -> None:
    mem = MotionEnhancement(16, 5)
    shake(mem)

    class Gates(nn.Module):
        """The module's gates as its output."""

        def forward(self, x: Tensor) -> Tensor:
            """Compute the gates."""
            return mem.gates(x)

    own_and_previous = {frame - 1, frame} - {-1, 4}  # the last frame's gate is 1
    assert frames_that_change(Gates(), torch.randn(5, 16, 3, 3), frame) == own_and_previous


@pytest.mark.parametrize("frame", range(5))
def test_a_frame_reaches_itself_and_the_previous_frame_only(
    frame: int, shake: Shake, frames_that_change: FramesThatChange
) -> None:
    mem = MotionEnhancement(16, 5)
    shake(mem)
    changed = frames_that_change(mem, torch.randn(5, 16, 3, 3), frame)
    assert changed == {frame - 1, frame} - {-1}


def test_a_gate_is_the_same_over_all_positions(shake: Shake) -> None:
    mem = MotionEnhancement(16, 3)
    shake(mem)
    assert mem.gates(torch.randn(6, 16, 4, 4)).shape == (6, 16, 1, 1)


def test_motion_gates_are_those_of_frames_with_a_successor(shake: Shake) -> None:
    mem = MotionEnhancement(16, 3)
    shake(mem)
    x = torch.randn(6, 16, 4, 4)
    motion = mem.motion_gates(x)
    assert motion.shape == (2, 2, 16, 1, 1)
    assert torch.equal(motion, mem.gates(x).unflatten(0, (2, 3))[:, :-1])


def test_gates_see_the_spatial_mean_only(shake: Shake) -> None:
    mem = MotionEnhancement(16, 3)
    shake(mem)
    x = torch.randn(3, 16, 4, 4)
    turned = x.rot90(1, (2, 3))
    torch.testing.assert_close(mem.gates(turned), mem.gates(x))


def test_frames_t_and_t_plus_1_go_through_two_different_convolutions() -> None:
    mem = MotionEnhancement(64, 2)
    assert not torch.equal(mem.conv1.weight, mem.conv2.weight)


def test_the_paper_s_gates_start_near_a_half() -> None:
    gates = MotionEnhancement(64, 8).gates(torch.rand(8, 64, 4, 4))[:7]
    assert (gates - 0.5).abs().max() < 0.2


def test_centred_gates_are_twice_the_paper_s_except_on_the_last_frame(shake: Shake) -> None:
    paper, centred = MotionEnhancement(16, 4), MotionEnhancement(16, 4, gate="centred")
    shake(paper)
    centred.load_state_dict(paper.state_dict())
    x = torch.randn(4, 16, 3, 3)
    assert torch.equal(centred.gates(x)[:3], 2 * paper.gates(x)[:3])
    assert torch.equal(centred(x)[3], x[3])


@pytest.mark.parametrize(("bias", "biases"), [(True, 8 + 8 + 64), (False, 0)])
def test_its_parameters_are_three_1x1_convolutions_with_r_8(bias: bool, biases: int) -> None:
    mem = MotionEnhancement(64, bias=bias)
    assert sum(p.numel() for p in mem.parameters()) == 3 * 64 * 8 + biases


def test_the_reduction_is_a_choice() -> None:
    mem = MotionEnhancement(64, reduction=4, bias=False)
    assert sum(p.numel() for p in mem.parameters()) == 3 * 64 * 16


def test_a_single_frame_has_no_motion_and_is_refused() -> None:
    with pytest.raises(ModelError, match="num_segments=1"):
        MotionEnhancement(16, 1)


def test_norms_and_relu_follow_each_convolution_if_chosen(shake: Shake) -> None:
    mem = MotionEnhancement(16, 2, bias=False, norm=True).eval()
    shake(mem)
    x = torch.randn(2, 16, 3, 3)
    pooled = x.mean((2, 3), keepdim=True)
    one, two = mem.norm1(mem.conv1(pooled[:1])), mem.norm2(mem.conv2(pooled[1:]))
    assert torch.cat([one, two]).min() == 0  # ReLU
    gate = torch.sigmoid(mem.norm3(mem.conv3(one - two)))
    torch.testing.assert_close(mem(x), torch.cat([gate * x[:1], x[1:]]))


@pytest.mark.parametrize(("bias", "norm"), [(True, False), (False, True), (False, False)])
def test_norms_and_biases_can_be_chosen_separately(bias: bool, norm: bool) -> None:
    keys = MotionEnhancement(16, 2, bias=bias, norm=norm).state_dict()
    assert any(key.startswith("norm") for key in keys) is norm
    assert any(key == "conv1.bias" for key in keys) is bias
