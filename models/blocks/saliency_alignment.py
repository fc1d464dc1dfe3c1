"""SME's saliency alignment (Su et al., TSI, section 3.2, equations 1-2)."""

import math
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import narrow_attention
from models.errors import require_choice

AlignmentOperator = Literal["multiply", "add", "none"]
"""Table 4d's element-wise multiplication (default) and addition; table 4b's "w/o SA"."""


def salient_attention(current: Tensor, following: Tensor) -> Tensor:
    """Equation 1: S = softmax(X_t X_{t+1}^T / sqrt(d)) X_{t+1} over the H*W positions.

    The H*W x H*W maps are never stored: the product goes through
    `torch.nn.functional.scaled_dot_product_attention`.

    Args:
        current: Queries, frames t, (N, d, H, W).
        following: Keys and values, frames t+1, (N, d, H, W).

    Returns:
        (N, d, H, W).
    """
    # The fused kernels need the channels of a position to be contiguous in memory.
    query = current.flatten(2).transpose(1, 2).contiguous()  # (N, H*W, d)
    key = following.flatten(2).transpose(1, 2).contiguous()
    if narrow_attention.suits(query, key):
        salient = narrow_attention.attend(query, key)
    else:
        one_head = query[:, None], key[:, None], key[:, None]
        salient = F.scaled_dot_product_attention(*one_head).squeeze(1)
    return salient.transpose(1, 2).unflatten(2, current.shape[-2:])


def attention_maps(current: Tensor, following: Tensor) -> Tensor:
    """Compute equation 1's softmax explicitly (a large tensor), to inspect a few frames.

    Args:
        current: Frames t, (N, d, H, W).
        following: Frames t+1, (N, d, H, W).

    Returns:
        Weights from each position of frame t (rows) to those of frame t+1, (N, H*W, H*W); rows sum
        to 1.
    """
    query, key = current.flatten(2).transpose(1, 2), following.flatten(2)
    return (query @ key / math.sqrt(current.shape[1])).float().softmax(dim=-1)


class SaliencyAlignment(nn.Module):
    """Equation 2: the aligned next frame, X_{t+1} * S(X_t, X_{t+1}).

    Args:
        operator: How S is combined with X_{t+1}; ``none`` returns X_{t+1} unchanged.

    Raises:
        ModelError: If the operator is unknown.
    """

    def __init__(self, operator: AlignmentOperator = "multiply") -> None:
        super().__init__()
        require_choice("alignment", operator, AlignmentOperator)
        self.operator = operator

    def forward(self, current: Tensor, following: Tensor) -> Tensor:
        """Align: two (N, d, H, W) -> (N, d, H, W)."""
        if not self.aligns:
            return following
        salient = self.saliency(current, following)
        return following * salient if self.operator == "multiply" else following + salient

    @property
    def aligns(self) -> bool:
        """Whether S is used at all."""
        return self.operator != "none"

    def attention(self, current: Tensor, following: Tensor) -> Tensor:
        """See `attention_maps`; for inspection only, not for training."""
        return attention_maps(current, following)

    def saliency(self, current: Tensor, following: Tensor) -> Tensor:
        """Compute equation 1's S: two (N, d, H, W) -> (N, d, H, W)."""
        return salient_attention(current, following)

    def extra_repr(self) -> str:
        """Show the operator in the printed network."""
        return f"operator={self.operator!r}"
