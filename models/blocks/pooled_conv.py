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
    # By way of (C', 1, 1, C), the gradient of a channels_last weight gets the weight's strides,
    # which DistributedDataParallel asks for.
    weight = conv.weight.permute(0, 2, 3, 1).flatten(1)
    return F.linear(pooled, weight, conv.bias)[:, :, None, None]
