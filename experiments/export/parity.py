"""Whether a written file computes what the network in PyTorch computes."""

from collections.abc import Callable

import torch
from torch import Tensor

from lightning_modules import RunError

Network = Callable[[Tensor], Tensor]


@torch.no_grad()
def largest_difference(one: Network, other: Network, clips: Tensor) -> float:
    """Compare two networks on all clips at once, and on the first one alone.

    Args:
        one: Maps clips to logits, (B, K).
        other: The reference, likewise.
        clips: uint8 0-255, (B, T, 3, H, W).

    Returns:
        The largest difference of two logits, as a share of the reference's largest logit.
    """
    shares = []
    for batch in (clips, clips[:1]):
        expected = other(batch)
        difference = (one(batch) - expected).abs().max() / expected.abs().max()
        shares.append(float(difference))
    return max(shares, key=lambda share: (share != share, share))  # NaN is the worst


def require_parity(difference: float, tolerance: float, file: str) -> None:
    """Refuse a file that differs too much.

    Raises:
        RunError: If it does, or if the difference is NaN.
    """
    if not difference <= tolerance:
        raise RunError(
            f"{file}: its logits differ from PyTorch's by {difference:.1e} of the largest logit, "
            f"more than --tolerance {tolerance:g}; it is not written"
        )
