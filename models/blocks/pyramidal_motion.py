"""SME's pyramidal motion modelling (Su et al., TSI, section 3.2, equations 3-4)."""

from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F


class PyramidalMotion(nn.Module):
    """Differences between frame t and increasingly smoothed versions of its aligned next frame.

    D_1 = conv_1(X'), D_k = conv_k(D_{k-1} + X')   (equation 3)
    M = sum over k of (D_k - X_t)                  (equation 4)

    Args:
        channels: d.
        levels: K = 4, section 3.2. One level is table 4d's "simple" motion modelling.
    """

    def __init__(self, channels: int, levels: int = 4) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
            for _ in range(levels)
        )

    def forward(self, current: Tensor, aligned: Tensor) -> Tensor:
        """Compute M from X_t and X', two (N, d, H, W) -> (N, d, H, W)."""
        level = self.convs[0](aligned)
        total = level
        for conv in list(self.convs)[1:]:
            level = conv(level + aligned)
            total = total + level
        return total - len(self.convs) * current

    def mean(self, current: Tensor, aligned: Tensor) -> Tensor:
        """Compute the mean of M over space without computing M, two (N, d, H, W) -> (N, d).

        M is linear in X', so its mean is a weighted sum of X' with the same weights in every frame:
        the convolutions' transposes, applied to one map of ones.
        """
        weights = self._weights_of_sum(aligned)
        summed = (aligned * weights).sum((2, 3)) / weights[0].numel()
        return summed - len(self.convs) * current.mean((2, 3))

    def kernels(self) -> list[Tensor]:
        """Return the convolutions' weights as they stand (pruned ones, too), (d, 1, 3, 3) each."""
        return [cast(Tensor, conv.weight) for conv in self.convs]

    def _weights_of_sum(self, aligned: Tensor) -> Tensor:
        """Give the weight of each position of X' in the sum of M over space, (d, H, W)."""
        kernels = [kernel.flip(2, 3) for kernel in self.kernels()]
        ones = kernels[0].new_ones(1, *aligned.shape[1:])
        level = F.conv2d(ones, kernels[-1], padding=1, groups=len(kernels[-1]))
        total = level
        for kernel in kernels[-2::-1]:
            level = F.conv2d(ones + level, kernel, padding=1, groups=len(kernel))
            total = total + level
        return total[0]
