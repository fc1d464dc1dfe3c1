"""Specification of the attention kernel: the stored softmax's result, for any scores."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from models import native

pytestmark = pytest.mark.skipif(not native.has_kernels(), reason="no C++ compiler")


def stored_softmax(query: Tensor, key: Tensor) -> Tensor:
    """Compute softmax(Q K^T / sqrt(d)) K with the whole map, in float64."""
    query, key = query.double(), key.double()
    return torch.softmax(query @ key.mT / math.sqrt(query.shape[2]), dim=2) @ key


def attend(query: Tensor, key: Tensor) -> Tensor:
    """Run the kernel on finite numbers."""
    attended = native.attend(query, key)
    assert attended is not None
    return attended


@pytest.mark.parametrize("width", native.ATTENTION_WIDTHS)
@pytest.mark.parametrize("tokens", [1, 7, 16, 33, 600])
def test_it_is_attention(tokens: int, width: int) -> None:
    query, key = torch.randn(2, 3, tokens, width)
    expected = stored_softmax(query, key).float()
    torch.testing.assert_close(attend(query, key), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scale", [0.0, 0.1, 1.0, 3.0, 30.0, 1000.0])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_it_is_as_exact_as_torch_s_own_for_small_and_large_scores(
    scale: float, offset: float
) -> None:
    query, key = scale * torch.randn(2, 3, 600, 4)
    key = key + offset  # of no consequence for the weights
    expected = stored_softmax(query, key)
    error = (attend(query, key).double() - expected).abs().max()
    own = (F.scaled_dot_product_attention(query, key, key).double() - expected).abs().max()
    assert error <= 3 * own + 1e-6 * (scale + offset)


def test_one_long_query_among_short_ones() -> None:
    query, key = torch.randn(2, 2, 600, 8)
    query[0, 100] *= 1e4
    query[1, 599] *= -1e4
    expected = stored_softmax(query, key).float()
    torch.testing.assert_close(attend(query, key), expected, rtol=1e-4, atol=1e-4)


def test_any_memory_layout_is_read() -> None:
    query, key = torch.randn(2, 2, 4, 600).mT
    expected = stored_softmax(query, key).float()
    torch.testing.assert_close(attend(query, key), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_number_of_threads_changes_no_bit(threads: int) -> None:
    query, key = torch.randn(2, 3, 600, 4)
    before = torch.get_num_threads()
    expected = attend(query, key)
    try:
        torch.set_num_threads(threads)
        assert torch.equal(attend(query, key), expected)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("odd", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("side", [0, 1])
def test_it_declines_what_is_not_finite(side: int, odd: float) -> None:
    both = torch.randn(2, 3, 600, 4)
    both[side, 2, 599, 3] = odd
    assert native.attend(*both) is None
