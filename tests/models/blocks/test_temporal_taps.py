"""Specification of the convolution of three taps per clip and frame, beside its plain form."""

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from models.blocks import temporal_taps
from models.blocks.temporal_taps import convolve_with_taps, fused_taps, fusible_taps

LAYOUTS = ["contiguous", "channels_last", "every second column", "channels of a wider map"]


def draw(layout: str, num_segments: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Draw two clips of 6 channels at 5 x 4 positions."""
    folded = torch.randn(2 * num_segments, 6, 5, 4, dtype=dtype)
    if layout == "channels_last":
        folded = folded.contiguous(memory_format=torch.channels_last)
    elif layout == "every second column":
        folded = torch.randn(2 * num_segments, 6, 5, 8, dtype=dtype)[..., ::2]
    elif layout == "channels of a wider map":
        wide = torch.randn(2 * num_segments, 12, 5, 4, dtype=dtype)
        folded = wide.contiguous(memory_format=torch.channels_last)[:, 3:9]
    return folded.unflatten(0, (2, num_segments))


def draw_taps(num_segments: int) -> Tensor:
    """Draw taps in float64."""
    return torch.randn(3, 2, num_segments, 6, dtype=torch.float64)


def frame_by_frame(video: Tensor, taps: Tensor) -> Tensor:
    """Add up to three frames for each frame."""
    output = torch.zeros_like(video)
    frames = video.shape[1]
    for t in range(frames):
        for i, tap in enumerate(taps):
            if 0 <= t + i - 1 < frames:
                output[:, t] += tap[:, t, :, None, None] * video[:, t + i - 1]
    return output


def exactly(actual: Tensor, expected: Tensor) -> None:
    """Compare in float64."""
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("num_segments", [1, 2, 3, 8, 16])
def test_each_frame_adds_itself_and_its_neighbours(layout: str, num_segments: int) -> None:
    video, taps = draw(layout, num_segments), draw_taps(num_segments)
    exactly(convolve_with_taps(video, taps), frame_by_frame(video, taps))
    exactly(fusible_taps(video, taps), frame_by_frame(video, taps))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("num_segments", [1, 2, 5, 16])
def test_gradients_are_those_of_the_plain_form(layout: str, num_segments: int) -> None:
    video, taps = draw(layout, num_segments), draw_taps(num_segments)
    inputs = video.requires_grad_(), taps.requires_grad_()
    outer = torch.randn_like(video)
    fused = torch.autograd.grad(convolve_with_taps(*inputs), inputs, outer)
    plain = torch.autograd.grad(fusible_taps(*inputs), inputs, outer)
    for actual, expected in zip(fused, plain, strict=True):
        exactly(actual, expected)


def test_first_and_second_derivatives_agree_with_finite_differences() -> None:
    video = draw("contiguous", 3)[:, :, :2, :2, :2].requires_grad_()
    taps = draw_taps(3)[..., :2].requires_grad_()
    assert torch.autograd.gradcheck(convolve_with_taps, (video, taps))
    assert torch.autograd.gradgradcheck(convolve_with_taps, (video, taps))


def test_torch_accepts_the_operation() -> None:
    inputs = draw("channels_last", 3).requires_grad_(), draw_taps(3).requires_grad_()
    torch.library.opcheck(fused_taps, inputs)


@pytest.mark.parametrize("size", [1, 2**9, 2**30])
def test_parts_on_a_cpu_change_no_bit(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    video, taps = draw("channels_last", 4), draw_taps(4)
    expected = convolve_with_taps(video, taps)
    monkeypatch.setattr(temporal_taps, "CPU_CHUNK_BYTES", size)
    assert torch.equal(convolve_with_taps(video, taps), expected)


def test_the_frames_keep_their_type_and_the_gradient_of_the_taps_theirs() -> None:
    video = draw("channels_last", 4, torch.bfloat16).requires_grad_()
    taps = draw_taps(4).float().requires_grad_()
    output = convolve_with_taps(video, taps)
    output.sum().backward()
    assert output.dtype == torch.bfloat16
    assert video.grad is not None
    assert taps.grad is not None
    assert (video.grad.dtype, taps.grad.dtype) == (torch.bfloat16, torch.float32)
    exact = fusible_taps(video.double(), taps.double())
    torch.testing.assert_close(output.double(), exact, rtol=0.02, atol=0.05)


def test_channels_last_stays_channels_last() -> None:
    output = convolve_with_taps(draw("channels_last", 4), draw_taps(4)).flatten(0, 1)
    assert output.is_contiguous(memory_format=torch.channels_last)


def test_only_frames_and_taps_are_kept_for_the_backward_pass() -> None:
    video, taps = draw("channels_last", 4).requires_grad_(), draw_taps(4).requires_grad_()
    kept: list[int] = []

    def note(tensor: Tensor) -> Tensor:
        kept.append(tensor.data_ptr())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        convolve_with_taps(video, taps)
    assert kept == [video.data_ptr(), taps.data_ptr()]


@pytest.mark.parametrize("grad", [False, True])
def test_it_compiles_into_one_graph(grad: bool) -> None:
    video, taps = draw("channels_last", 4).requires_grad_(grad), draw_taps(4)
    compiled = torch.compile(convolve_with_taps, backend="aot_eager", fullgraph=True)
    exactly(compiled(video, taps), convolve_with_taps(video, taps))


def test_its_multiply_adds_are_counted() -> None:
    video, taps = draw("contiguous", 4).to("meta"), draw_taps(4).to("meta")
    with FlopCounterMode(display=False) as counter:
        convolve_with_taps(video, taps)
    assert counter.get_total_flops() == 2 * 3 * video.numel()
