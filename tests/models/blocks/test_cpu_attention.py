"""Specification of attention in parts on a CPU: the stored softmax's result, where it is safe."""

import math

import pytest
import torch
from torch import Tensor

from models.blocks import cpu_attention
from models.blocks.cpu_attention import attend, suits
from models.blocks.saliency_alignment import salient_attention

TOKENS = cpu_attention.FEWEST_TOKENS


def stored_softmax(query: Tensor, key: Tensor) -> Tensor:
    """Compute softmax(Q K^T / sqrt(d)) K with the whole map, in float64."""
    query, key = query.double(), key.double()
    return torch.softmax(query @ key.mT / math.sqrt(query.shape[2]), dim=2) @ key


def two_frames(scale: float = 1.0, tokens: int = TOKENS) -> tuple[Tensor, Tensor]:
    """Draw queries and keys of 4 channels, whose scores grow with the square of ``scale``."""
    query, key = scale * torch.randn(2, 3, tokens, 4)
    return query, key


@pytest.mark.parametrize("tokens", [1, 7, 600])
@pytest.mark.parametrize("width", [1, 4, 32])
@pytest.mark.parametrize("chunk", [1, 1000, 250_000])
def test_it_is_attention(
    tokens: int, width: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu_attention, "CHUNK", max(chunk, 10 * tokens))
    query, key = torch.randn(2, 2, tokens, width, dtype=torch.float64)
    expected = stored_softmax(query, key)
    torch.testing.assert_close(attend(query, key), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("scale", [0.1, 1.0, 2.0])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_what_suits_is_as_exact_as_torch_s_own(scale: float, offset: float) -> None:
    query, key = two_frames(scale)
    key = key + offset  # of no consequence for the weights
    assert suits(query, key)
    error = (attend(query, key).double() - stored_softmax(query, key)).abs().max()
    own = torch.nn.functional.scaled_dot_product_attention(query, key, key)
    assert error <= 3 * (own.double() - stored_softmax(query, key)).abs().max() + 1e-6


def test_it_suits_frames_on_a_cpu_in_float32_without_gradients() -> None:
    query, key = two_frames()
    assert suits(query, key)
    assert not suits(query.requires_grad_(), key)
    with torch.no_grad():
        assert suits(query, key)
        assert not suits(query.bfloat16(), key.bfloat16())
        assert not suits(query.double(), key.double())
        assert not suits(query.to("meta"), key.to("meta"))
        assert not suits(query[:, 1:], key[:, 1:])  # few tokens
        with torch.autocast("cpu"):
            assert not suits(query, key)


@pytest.mark.parametrize("odd", [30.0, math.inf, math.nan])
def test_scores_that_might_overflow_are_left_to_torch(odd: float) -> None:
    query, key = two_frames()
    key[1, 5] = odd
    query[1, 7] = 30.0
    assert not suits(query, key)
    frames = (x.mT.unflatten(2, (TOKENS // 16, 16)) for x in (query, key))
    salient = salient_attention(*frames).flatten(2).mT
    own = torch.nn.functional.scaled_dot_product_attention(query, key, key)
    torch.testing.assert_close(salient, own, equal_nan=True)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_alignment_takes_it(layout: torch.memory_format) -> None:
    current, following = torch.randn(2, 3, 4, 24, 24)
    tokens = [x.flatten(2).mT for x in (current, following)]
    expected = stored_softmax(*tokens).mT.unflatten(2, (24, 24)).float()
    layouts = [x.contiguous(memory_format=layout) for x in (current, following)]
    torch.testing.assert_close(salient_attention(*layouts), expected, rtol=1e-4, atol=1e-5)


def test_training_and_evaluation_agree() -> None:
    current, following = torch.randn(2, 3, 4, 24, 24)
    with torch.no_grad():
        evaluated = salient_attention(current, following)
    trained = salient_attention(current.requires_grad_(), following)
    torch.testing.assert_close(trained, evaluated, rtol=1e-4, atol=1e-5)
