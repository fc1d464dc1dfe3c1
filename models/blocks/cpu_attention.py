"""Attention of many narrow tokens on a CPU, without gradients.

With heads of 4 to 8 channels, torch's fused CPU kernel spends most of its time in matrix products
that are too narrow for it. Here the maps are laid out keys by queries, so that both products run
along the queries, and a part of the map stays in the cache from the first product to the last.
"""

import math
from itertools import product

import torch
from torch import Tensor

FEWEST_TOKENS = 512
"""Below it, attention takes next to no time."""
CHUNK = 250_000
"""Values of the map at once, 1 MB."""
LARGEST_EXPONENT = 100.0
"""2^-100 to 2^100, summed over all tokens, stays within float32 without subtracting the maximum."""


def suits(query: Tensor, key: Tensor) -> bool:
    """Tell whether `attend` computes this attention, and without overflow.

    Args:
        query: (N, L, d).
        key: (N, L, d), also the values.
    """
    if torch.compiler.is_compiling() or query.device.type != "cpu":
        return False
    if query.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
        return False
    if torch.is_grad_enabled() and (query.requires_grad or key.requires_grad):
        return False
    if query.shape[1] < FEWEST_TOKENS:
        return False
    longest = query.norm(dim=-1).amax() * _centred(key).norm(dim=-1).amax()
    return bool(longest * _scale(query) <= LARGEST_EXPONENT)  # NaN is not


def attend(query: Tensor, key: Tensor) -> Tensor:
    """Compute softmax(Q K^T / sqrt(d)) K for inputs that `suits` accepts.

    Args:
        query: (N, L, d).
        key: (N, L, d), also the values.

    Returns:
        (N, L, d).
    """
    frames, tokens, width = query.shape
    columns = (query * _scale(query)).mT.contiguous()  # (N, d, L)
    rows = _centred(key)  # (N, L, d): the softmax is the same, its exponents are smaller
    # A row of ones beside the values sums the weights up.
    values = torch.cat([key.mT, key.new_ones(frames, 1, tokens)], dim=1)  # (N, d + 1, L)
    sums = query.new_empty(frames, width + 1, tokens)
    step = max(1, CHUNK // tokens)
    buffer = query.new_empty(tokens, step)
    for n, start in product(range(frames), range(0, tokens, step)):
        part = columns[n, :, start : start + step]
        weights = buffer[:, : part.shape[1]]
        torch.mm(rows[n], part, out=weights).exp2_()
        torch.mm(values[n], weights, out=sums[n, :, start : start + step])
    return (sums[:, :-1] / sums[:, -1:]).mT


def _scale(query: Tensor) -> float:
    """Give 1/sqrt(d), for powers of 2 instead of e: torch computes them faster."""
    return math.log2(math.e) / math.sqrt(query.shape[2])


def _centred(key: Tensor) -> Tensor:
    return key - key.mean(dim=1, keepdim=True)
