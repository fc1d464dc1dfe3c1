"""Attention of many narrow tokens."""

import ctypes
import math

import torch
from torch import Tensor

from models.native.library import load_kernels

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
    kernels = load_kernels()
    assert kernels is not None
    frames, tokens, width = query.shape
    # The kernel computes powers of 2. With centred keys the softmax is the same, its exponents are
    # smaller, so that most queries need no maximum.
    scaled = (query * (math.log2(math.e) / math.sqrt(width))).contiguous()
    mean = key.mean(dim=1, keepdim=True)
    centred = (key - mean).contiguous()
    longest = centred.norm(dim=2).amax().item()
    out = torch.empty_like(scaled)
    kernels.attend(
        *(ctypes.c_void_p(tensor.data_ptr()) for tensor in (scaled, centred, out)),
        *map(ctypes.c_int64, (frames, tokens, width)),
        ctypes.c_float((SAFE_EXPONENT / max(longest, 1e-6)) ** 2),
    )
    return out + mean
