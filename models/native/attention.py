"""Attention of many narrow tokens."""

import math

import torch
from torch import Tensor

from models.native.library import call

ATTENTION_WIDTHS = (4, 8, 16)
"""Channels of a token that the kernel is compiled for."""


def attend(query: Tensor, key: Tensor) -> Tensor | None:
    """Compute softmax(Q K^T / sqrt(d)) K.

    Args:
        query: float32 on a CPU, (N, L, d), d in `ATTENTION_WIDTHS`.
        key: Also the values, likewise.

    Returns:
        (N, L, d); None if a number is not finite.
    """
    query, key = query.contiguous(), key.contiguous()
    out = torch.empty_like(query)
    scale = math.log2(math.e) / math.sqrt(query.shape[2])  # the kernel computes powers of 2
    return out if call("attend", query, key, out, *query.shape, scale) else None
