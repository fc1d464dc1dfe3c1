"""Attention of many narrow tokens."""

import math

import torch
from torch import Tensor

from models.native.library import call

ATTENTION_WIDTHS = (4, 8, 16)
"""Channels of a token that the kernel is compiled for."""
SAFE_EXPONENT = 100.0
"""2^-100 to 2^100, summed over all tokens, stays within float32 without subtracting the maximum."""


def attend(query: Tensor, key: Tensor) -> Tensor:
    """Compute softmax(Q K^T / sqrt(d)) K.

    Args:
        query: Finite float32 on a CPU, (N, L, d), d in `ATTENTION_WIDTHS`.
        key: Also the values, likewise.

    Returns:
        (N, L, d).
    """
    # The kernel computes powers of 2. With centred keys the softmax is the same, its exponents are
    # smaller, so that most queries need no maximum.
    scaled = (query * (math.log2(math.e) / math.sqrt(query.shape[2]))).contiguous()
    mean = key.mean(dim=1, keepdim=True)
    centred = (key - mean).contiguous()
    longest = centred.norm(dim=2).amax().item()
    out = torch.empty_like(scaled)
    call("attend", scaled, centred, out, *query.shape, (SAFE_EXPONENT / max(longest, 1e-6)) ** 2)
    return out + mean
