"""SME's pyramidal motion modelling (Su et al., TSI, section 3.2, equations 3-4)."""

from torch import Tensor, nn


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
