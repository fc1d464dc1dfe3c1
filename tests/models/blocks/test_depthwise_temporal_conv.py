"""Specification of the depth-wise temporal convolution (TEINet, equation 4) that TIM and CTI share.

The reference is written frame by frame, with no convolution.
"""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from models.blocks.depthwise_temporal_conv import DepthwiseTemporalConv, shift_kernel

Shake = Callable[[torch.nn.Module], None]


def equation_4(x: Tensor, kernels: Tensor, num_segments: int) -> Tensor:
    """Y[c, t] = sum over i = -1, 0, 1 of V[c, i] * U[c, t + i], frames beyond the ends being 0."""
    output = torch.zeros_like(x)
    for start in range(0, len(x), num_segments):
        for t in range(num_segments):
            for i in (-1, 0, 1):
                if 0 <= t + i < num_segments:
                    output[start + t] += kernels[:, i + 1, None, None] * x[start + t + i]
    return output


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("num_segments", [1, 2, 3, 8])
@pytest.mark.parametrize("pixels", [(1, 1), (5, 3)])
def test_it_is_equation_4(
    num_segments: int, pixels: tuple[int, int], layout: torch.memory_format, shake: Shake
) -> None:
    conv = DepthwiseTemporalConv(8, num_segments).double()
    shake(conv)
    x = torch.randn(2 * num_segments, 8, *pixels, dtype=torch.float64).to(memory_format=layout)
    expected = equation_4(x, conv.weight.detach().view(8, 3), num_segments)
    torch.testing.assert_close(conv(x), expected)


@pytest.mark.parametrize(("tap", "blind_frame"), [(0, 0), (2, -1)])
def test_both_ends_are_padded_with_zeros(tap: int, blind_frame: int) -> None:
    conv = DepthwiseTemporalConv(8, 4)
    with torch.no_grad():
        conv.weight.zero_()[:, 0, tap] = 1  # all look at the previous frame, or at the next
    seen = conv(torch.ones(4, 8, 2, 2))
    assert not seen[blind_frame].any()
    assert seen.sum() == 3 * 8 * 4


def test_it_has_one_kernel_of_three_per_channel_and_no_bias() -> None:
    assert sum(p.numel() for p in DepthwiseTemporalConv(40, 8).parameters()) == 40 * 3


def test_channels_last_stays_channels_last() -> None:
    x = torch.randn(6, 8, 5, 4).to(memory_format=torch.channels_last)
    y = DepthwiseTemporalConv(8, 3)(x)
    assert y.is_contiguous(memory_format=torch.channels_last)


def test_resetting_brings_the_shift_back(shake: Shake) -> None:
    conv = DepthwiseTemporalConv(16, 4)
    shake(conv)
    conv.reset_parameters()
    assert torch.equal(conv.weight.view(16, 3), shift_kernel(16))


def test_it_shows_its_kernels_and_how_they_started() -> None:
    conv = DepthwiseTemporalConv(16, 4)
    assert torch.equal(conv.temporal_kernels(), conv.initial_kernels())
    with torch.no_grad():
        conv.weight.add_(1)
    assert torch.equal(conv.temporal_kernels(), shift_kernel(16) + 1)
    assert torch.equal(conv.initial_kernels(), shift_kernel(16))


def test_shift_kernels_read_the_next_the_previous_and_their_own_frame() -> None:
    ahead, back, own = [0, 0, 1], [1, 0, 0], [0, 1, 0]
    assert shift_kernel(8, fold_div=4).tolist() == [ahead] * 2 + [back] * 2 + [own] * 4


def test_with_too_few_channels_all_read_their_own_frame() -> None:
    assert shift_kernel(7).tolist() == [[0, 1, 0]] * 7
