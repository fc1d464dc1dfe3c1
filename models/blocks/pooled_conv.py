"""A 1x1 convolution of maps of one position."""

from torch import Tensor, nn
from torch.nn import functional as F


def apply_1x1(conv: nn.Conv2d, pooled: Tensor) -> Tensor:
    """Apply a 1x1 convolution to pooled maps as the matrix product that it is.

    Convolutions of a single position take torch's slow paths: on a CPU up to ten times as long.

    Args:
        conv: 1x1, C -> C'.
        pooled: (N, C).

    Returns:
        (N, C', 1, 1).
    """
    return F.linear(pooled, conv.weight.flatten(1), conv.bias)[:, :, None, None]
