"""The difference of neighbouring frames that TEA's ME and STM's CMM share."""

from torch import Tensor, nn

from models.blocks.folding import append_still_frame, require_successor, unfold_time
from models.blocks.reduction import reduced_channels


class MotionDifference(nn.Module):
    """Difference of frame t and a convolved frame t+1, at reduced width.

    M_t = trans(red(X_{t+1})) - red(X_t) for t < T, M_T = 0; red is a 1x1 convolution C -> C/r,
    trans a channel-wise 3x3 convolution (TEA, equations 1-2; STM, section 3.2).

    Args:
        channels: C.
        num_segments: T, the frames of one clip.
        reduction: r = 16, both papers.
        norm: Whether batch normalisation follows the reduction; see the modules that use this.

    Raises:
        ModelError: If ``num_segments`` is below 2: a single frame shows no motion; or
            if ``reduction`` leaves no channel.
    """

    def __init__(
        self, channels: int, num_segments: int, reduction: int = 16, norm: bool = True
    ) -> None:
        super().__init__()
        self.num_segments = require_successor(num_segments)
        width = reduced_channels(channels, reduction)
        self.reduce = nn.Conv2d(channels, width, 1, bias=False)
        self.norm = nn.BatchNorm2d(width) if norm else nn.Identity()
        self.transform = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Compute M: (B*T, C, H, W) -> (B*T, C/r, H, W)."""
        video = unfold_time(self.norm(self.reduce(x)), self.num_segments)  # (B, T, C/r, H, W)
        following = self.transform(video[:, 1:].flatten(0, 1))  # (B*(T-1), C/r, H, W)
        following = following.unflatten(0, (-1, self.num_segments - 1))
        return append_still_frame(following - video[:, :-1]).flatten(0, 1)
