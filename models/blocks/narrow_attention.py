"""Attention of many narrow tokens on a CPU, without gradients.

With heads of 4 to 8 channels, torch's fused CPU kernel spends most of its time in matrix products
that are too narrow for it, and in exponentials with the maximum subtracted.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import register_flop_formula

from models import native

FEWEST_TOKENS = 512
"""Below it, attention takes next to no time."""


def suits(query: Tensor, key: Tensor) -> bool:
    """Tell whether `attend` is the faster way for this attention.

    Args:
        query: (N, L, d).
        key: (N, L, d), also the values.
    """
    is_narrow = query.shape[1] >= FEWEST_TOKENS and query.shape[2] in native.ATTENTION_WIDTHS
    return is_narrow and native.suits(query, key)


@torch.library.custom_op("narrow_attention::attend", mutates_args=())
def attend(query: Tensor, key: Tensor) -> Tensor:
    """Compute softmax(Q K^T / sqrt(d)) K, in the kernel where it can be had.

    Args:
        query: (N, L, d).
        key: (N, L, d), also the values.

    Returns:
        (N, L, d).
    """
    attended = native.attend(query, key) if native.has_kernels() else None
    if attended is not None:
        return attended
    return F.scaled_dot_product_attention(query[:, None], key[:, None], key[:, None]).squeeze(1)


@attend.register_fake
def _(query: Tensor, key: Tensor) -> Tensor:
    return torch.empty_like(query)


@register_flop_formula(torch.ops.narrow_attention.attend)
def _count_flops(
    query: tuple[int, ...], key: tuple[int, ...], *args: Any, out_shape: Any = None, **kwargs: Any
) -> int:
    """Count both matrix products, as for torch's attention."""
    frames, tokens, width = query
    return 2 * 2 * frames * tokens * tokens * width
