"""SME, TSI's Salient Motion Excitation (Su et al., TSI, section 3.2)."""

from typing import Literal

import torch
from torch import Tensor, nn

from models import native
from models.blocks.folding import append_still_frame, require_successor, unfold_time
from models.blocks.pooled_conv import apply_1x1
from models.blocks.pyramidal_motion import PyramidalMotion
from models.blocks.reduction import reduced_channels
from models.blocks.saliency_alignment import AlignmentOperator, SaliencyAlignment
from models.errors import require_choice

MotionModel = Literal["pyramid", "simple"]
PYRAMID_LEVELS: dict[MotionModel, int] = {"pyramid": 4, "simple": 1}


class ChannelMotionAttention(nn.Module):
    """Equations 5-6: X + X * sigmoid(GAP(recover(M))), one weight per channel and frame.

    The mean and the 1x1 recovery commute, so the mean is taken first, which is much cheaper; it
    needs no map of the motion, see `PyramidalMotion.mean`.

    Args:
        channels: C of X.
        reduced: Channels of the motion, C/r.
    """

    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.recover = nn.Conv2d(reduced, channels, 1)

    def forward(
        self, x: Tensor, motion: PyramidalMotion, current: Tensor, aligned: Tensor
    ) -> Tensor:
        """Excite.

        Args:
            x: (B*T, C, H, W).
            motion: Compares frames t with aligned frames t+1.
            current: Frames t, (B, T-1, C/r, H, W).
            aligned: Aligned frames t+1, likewise.

        Returns:
            (B*T, C, H, W).
        """
        layer, kernels = (self.recover.weight, self.recover.bias), motion.kernels()
        if native.runs_now(x, aligned, *kernels, *layer):
            return x * native.salient_motion_gates(x, current, aligned, kernels, layer)
        pooled = motion.mean(current.flatten(0, 1), aligned.flatten(0, 1))
        pooled = append_still_frame(pooled.unflatten(0, current.shape[:2])).flatten(0, 1)
        return x * (1 + torch.sigmoid(apply_1x1(self.recover, pooled)))


class MotionAddition(nn.Module):
    """Table 4b's "w/o CA": no mean and no sigmoid, X + recover(M) (**paper leaves open**).

    Args:
        channels: C of X.
        reduced: Channels of the motion, C/r.
    """

    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.recover = nn.Conv2d(reduced, channels, 1)

    def forward(
        self, x: Tensor, motion: PyramidalMotion, current: Tensor, aligned: Tensor
    ) -> Tensor:
        """Add; see `ChannelMotionAttention`."""
        moved = motion(current.flatten(0, 1), aligned.flatten(0, 1))
        moved = append_still_frame(moved.unflatten(0, current.shape[:2])).flatten(0, 1)
        recovered: Tensor = self.recover(moved)
        return x + recovered


class SalientMotionExcitation(nn.Module):
    """Excite the channels that move, after aligning each next frame with the current one.

    Reduce C -> C/r, align (equations 1-2), pyramid of differences (3-4), attention (5-6).
    A clip's last frame has no successor: its motion is zero and it takes the same form as the
    others, so that the scale is the same for all frames (**paper leaves open**).

    Args:
        channels: C.
        num_segments: T, the frames of one clip.
        reduction: r = 16, section 3.2.
        alignment: Table 4d's ``multiply`` (default) or ``add``; ``none`` is table 4b's "w/o SA".
        motion: Table 4d's ``pyramid`` (K = 4, default) or ``simple`` (one convolution).
        channel_attention: False is table 4b's "w/o CA", see `MotionAddition`.
        reduction_norm: Whether batch normalisation follows the reduction, as in the motion
            excitation (TEA) that the paper builds on (**paper leaves open**).

    Raises:
        ModelError: If ``num_segments`` is below 2: a single frame shows no motion; or
            if ``alignment`` or ``motion`` is unknown, or ``reduction`` leaves no channel.
    """

    def __init__(
        self,
        channels: int,
        num_segments: int = 8,
        reduction: int = 16,
        alignment: AlignmentOperator = "multiply",
        motion: MotionModel = "pyramid",
        channel_attention: bool = True,
        reduction_norm: bool = True,
    ) -> None:
        super().__init__()
        require_choice("motion", motion, MotionModel)
        self.num_segments = require_successor(num_segments)
        reduced = reduced_channels(channels, reduction)
        self.reduce = nn.Conv2d(channels, reduced, 1, bias=not reduction_norm)
        self.norm = nn.BatchNorm2d(reduced) if reduction_norm else nn.Identity()
        self.align = SaliencyAlignment(alignment)
        self.motion = PyramidalMotion(reduced, PYRAMID_LEVELS[motion])
        excitation = ChannelMotionAttention if channel_attention else MotionAddition
        self.excite = excitation(channels, reduced)

    def forward(self, x: Tensor) -> Tensor:
        """Excite: (B*T, C, H, W) -> (B*T, C, H, W)."""
        video = unfold_time(self.norm(self.reduce(x)), self.num_segments)  # (B, T, C/r, H, W)
        current, following = video[:, :-1], video[:, 1:]
        aligned = self.align(current.flatten(0, 1), following.flatten(0, 1))
        excited: Tensor = self.excite(x, self.motion, current, aligned.view_as(current))
        return excited
