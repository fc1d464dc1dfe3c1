"""Specification of SME's saliency alignment (TSI, section 3.2, equations 1-2)."""

import math
from typing import Literal

import pytest
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from models.blocks.saliency_alignment import SaliencyAlignment, salient_attention


def equation_1(current: Tensor, following: Tensor) -> Tensor:
    """S = softmax(X_t X_{t+1}^T / sqrt(d)) X_{t+1}, one position of one frame after the other."""
    salient = torch.zeros_like(current)
    frames, d, height, width = current.shape
    for n in range(frames):
        tokens = following[n].reshape(d, -1)  # (d, H*W)
        for row in range(height):
            for column in range(width):
                scores = (current[n, :, row, column, None] * tokens).sum(0) / math.sqrt(d)
                weights = torch.exp(scores - scores.max())
                salient[n, :, row, column] = (tokens * weights / weights.sum()).sum(1)
    return salient


def two_frames(*shape: int) -> tuple[Tensor, Tensor]:
    """Draw X_t and X_{t+1} in float64."""
    return torch.randn(shape, dtype=torch.float64), torch.randn(shape, dtype=torch.float64)


@pytest.mark.parametrize("shape", [(2, 4, 5, 3), (1, 32, 4, 4), (3, 4, 1, 1), (1, 1, 2, 7)])
def test_the_fused_attention_is_equation_1(shape: tuple[int, ...]) -> None:
    current, following = two_frames(*shape)
    salient = salient_attention(current, following)
    torch.testing.assert_close(salient, equation_1(current, following), rtol=0, atol=1e-10)


def test_the_fused_attention_is_equation_1_in_channels_last() -> None:
    current, following = two_frames(2, 4, 5, 3)
    expected = equation_1(current, following)
    layout = torch.channels_last
    salient = salient_attention(
        current.to(memory_format=layout), following.to(memory_format=layout)
    )
    torch.testing.assert_close(salient, expected, rtol=0, atol=1e-10)


def test_queries_are_frame_t_and_keys_are_frame_t_plus_1() -> None:
    current, following = two_frames(1, 4, 3, 3)
    following[:] = following[:, :, :1, :1]  # the same answer everywhere
    torch.testing.assert_close(salient_attention(current, following), following)


def test_the_stored_maps_are_the_softmax_of_equation_1() -> None:
    current, following = two_frames(2, 4, 5, 3)
    maps = SaliencyAlignment().attention(current, following)
    assert maps.shape == (2, 15, 15)
    tokens = following.flatten(2).transpose(1, 2)  # (N, H*W, d)
    salient = (maps.double() @ tokens).transpose(1, 2).unflatten(2, (5, 3))
    torch.testing.assert_close(salient, equation_1(current, following), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("operator", "aligns"), [("multiply", True), ("add", True), ("none", False)]
)
def test_it_says_whether_it_aligns(
    operator: Literal["multiply", "add", "none"], aligns: bool
) -> None:
    assert SaliencyAlignment(operator).aligns is aligns


def test_the_aligned_frame_is_the_next_frame_times_the_attention() -> None:
    current, following = two_frames(2, 4, 3, 5)
    aligned = SaliencyAlignment()(current, following)
    expected = following * equation_1(current, following)
    torch.testing.assert_close(aligned, expected, rtol=0, atol=1e-10)


def test_table_4d_adds_the_attention_instead() -> None:
    current, following = two_frames(2, 4, 3, 5)
    aligned = SaliencyAlignment("add")(current, following)
    expected = following + equation_1(current, following)
    torch.testing.assert_close(aligned, expected, rtol=0, atol=1e-10)


def test_table_4b_without_alignment_takes_the_next_frame_as_it_is() -> None:
    current, following = two_frames(2, 4, 3, 5)
    assert torch.equal(SaliencyAlignment("none")(current, following), following)


@pytest.mark.parametrize("operator", ["multiply", "add", "none"])
def test_alignment_has_no_parameters(operator: Literal["multiply", "add", "none"]) -> None:
    assert not SaliencyAlignment(operator).state_dict()


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_attention_runs_in_a_fused_kernel(memory_format: torch.memory_format) -> None:
    video = torch.randn(2, 4, 4, 6, 6)  # (B, T, d, H, W), cut into frames as SME does
    frames = video.flatten(0, 1).contiguous(memory_format=memory_format).unflatten(0, (2, 4))
    current, following = frames[:, :-1].flatten(0, 1), frames[:, 1:].flatten(0, 1)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):  # raises where it cannot be used
        assert salient_attention(current, following).shape == current.shape
