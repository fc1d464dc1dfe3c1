"""SME's saliency alignment (Su et al., TSI, section 3.2, equations 1-2)."""

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

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
    # The fused kernels ask for neighbouring channels of a token in neighbouring memory.
    query = current.flatten(2).transpose(1, 2).contiguous().unsqueeze(1)  # (N, 1, H*W, d)
    key = following.flatten(2).transpose(1, 2).contiguous().unsqueeze(1)
    salient = F.scaled_dot_product_attention(query, key, key)
    return salient.squeeze(1).transpose(1, 2).unflatten(2, current.shape[-2:])


class SaliencyAlignment(nn.Module):
    """Equation 2: the aligned next frame, X_{t+1} * S(X_t, X_{t+1}).

    Args:
        operator: How S meets X_{t+1}; ``none`` leaves X_{t+1} as it is.

    Raises:
        ModelError: If the operator is unknown.
    """

    def __init__(self, operator: AlignmentOperator = "multiply") -> None:
        super().__init__()
        require_choice("alignment", operator, AlignmentOperator)
        self.operator = operator

    def forward(self, current: Tensor, following: Tensor) -> Tensor:
        """Align: two (N, d, H, W) -> (N, d, H, W)."""
        if self.operator == "none":
            return following
        salient = salient_attention(current, following)
        return following * salient if self.operator == "multiply" else following + salient

    def extra_repr(self) -> str:
        """Show the operator in the printed network."""
        return f"operator={self.operator!r}"
