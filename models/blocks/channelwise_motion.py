"""CMM, STM's Channel-wise Motion Module (Jiang et al., STM, ICCV 2019, section 3.2)."""

from torch import Tensor, nn

from models.blocks.motion_difference import MotionDifference


class ChannelwiseMotion(nn.Module):
    """The motion between neighbouring frames as features, one map per channel.

    Reduce C -> C/r, M_t = trans(X_{t+1}) - X_t, M_T = 0, restore C/r -> C; trans is a channel-wise
    3x3 convolution (section 3.2).

    Args:
        channels: C.
        num_segments: T, the frames of one clip.
        reduction: r = 16, section 3.2.
        norm: Whether batch normalisation follows the reduction (as in code published
            under the first author's name; **paper leaves open**).

    Raises:
        ModelError: If ``num_segments`` is below 2, or ``reduction`` leaves no channel.
    """

    def __init__(
        self, channels: int, num_segments: int = 8, reduction: int = 16, norm: bool = True
    ) -> None:
        super().__init__()
        self.motion = MotionDifference(channels, num_segments, reduction, norm)
        self.restore = nn.Conv2d(channels // reduction, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Measure motion: (B*T, C, H, W) -> (B*T, C, H, W)."""
        motion: Tensor = self.restore(self.motion(x))
        return motion
