"""Specification of shifted channels, beside their plain form; see `TemporalShift` for TSM's."""

import pytest
import torch
from torch import Tensor

from models.blocks.shifted_frames import fused_shift, fusible_shift, shift_frames

LAYOUTS = ["contiguous", "channels_last", "every second column"]


def draw(layout: str, num_segments: int) -> Tensor:
    """Draw two clips of 9 channels."""
    folded = torch.randn(2 * num_segments, 9, 3, 4, dtype=torch.float64)
    if layout == "channels_last":
        folded = folded.contiguous(memory_format=torch.channels_last)
    elif layout == "every second column":
        folded = folded[..., ::2]
    return folded.unflatten(0, (2, num_segments))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("num_segments", [1, 2, 3, 16])
@pytest.mark.parametrize("fold", [0, 2, 4])
@pytest.mark.parametrize("step", [1, -1])
def test_it_is_the_plain_form_bit_for_bit(
    layout: str, num_segments: int, fold: int, step: int
) -> None:
    video = draw(layout, num_segments).requires_grad_()
    shifted, plain = shift_frames(video, fold, step), fusible_shift(video, fold, step)
    assert torch.equal(shifted, plain)
    outer = torch.randn_like(shifted)
    (fused_grad,) = torch.autograd.grad(shifted, video, outer)
    (plain_grad,) = torch.autograd.grad(plain, video, outer)
    assert torch.equal(fused_grad, plain_grad)


def test_a_step_back_mirrors_a_step_on() -> None:
    video = draw("contiguous", 4)
    assert torch.equal(shift_frames(video.flip(1), 2, -1).flip(1), shift_frames(video, 2, 1))


def test_derivatives_agree_with_finite_differences() -> None:
    video = draw("contiguous", 3).requires_grad_()

    def shift(x: Tensor) -> Tensor:
        return shift_frames(x, 2, 1)

    assert torch.autograd.gradcheck(shift, (video,))
    assert torch.autograd.gradgradcheck(shift, (video,))


def test_torch_accepts_the_operation() -> None:
    torch.library.opcheck(fused_shift, (draw("channels_last", 3).requires_grad_(), 2, 1))


def test_channels_last_stays_channels_last() -> None:
    shifted = shift_frames(draw("channels_last", 4), 2, 1).flatten(0, 1)
    assert shifted.is_contiguous(memory_format=torch.channels_last)


def test_it_keeps_no_frames_for_the_backward_pass() -> None:
    kept: list[Tensor] = []

    def note(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        shift_frames(draw("contiguous", 4).requires_grad_(), 2, 1)
    assert kept == []


def test_it_compiles_into_one_graph() -> None:
    video = draw("channels_last", 4)
    compiled = torch.compile(shift_frames, backend="aot_eager", fullgraph=True)
    assert torch.equal(compiled(video, 2, 1), shift_frames(video, 2, 1))
