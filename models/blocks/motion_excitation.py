"""ME, TEA's Motion Excitation (Li et al., TEA, CVPR 2020, section 3.1)."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks.motion_difference import MotionDifference
from models.errors import require_choice

ExcitationGate = Literal["paper", "halved"]
GATE_SCALE: dict[ExcitationGate, float] = {"paper": 1.0, "halved": 0.5}


class MotionExcitation(nn.Module):
    """Excite the channels that change between neighbouring frames.

    X^r = red(X), M_t = trans(X^r_{t+1}) - X^r_t, M_T = 0   (equations 1-2)
    A = 2 * sigmoid(exp(GAP(M))) - 1                        (equations 3-4)
    X^o = X + X * A                                         (equation 5)

    Args:
        channels: C.
        num_segments: T, the frames of one clip.
        reduction: r = 16, section 3.1.
        norm: Whether batch normalisation follows the reduction and the expansion. The equations
            do not show it, the authors' code has both (**paper leaves open**).
        gate: ``paper`` is equation 4; ``halved`` is the authors' code, sigmoid - 1/2.

    Raises:
        ModelError: If ``num_segments`` is below 2, ``gate`` is unknown, or ``reduction`` leaves
            no channel.
    """

    def __init__(
        self,
        channels: int,
        num_segments: int = 8,
        reduction: int = 16,
        norm: bool = True,
        gate: ExcitationGate = "paper",
    ) -> None:
        super().__init__()
        require_choice("gate", gate, ExcitationGate)
        self.gate_scale = GATE_SCALE[gate]
        self.motion = MotionDifference(channels, num_segments, reduction, norm)
        self.expand = nn.Conv2d(channels // reduction, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels) if norm else nn.Identity()

    def gates(self, x: Tensor) -> Tensor:
        """Compute A of equation 4, (B*T, C, H, W) -> (B*T, C, 1, 1)."""
        pooled = F.adaptive_avg_pool2d(self.motion(x), 1)  # (B*T, C/r, 1, 1)
        return self.gate_scale * (2 * torch.sigmoid(self.norm(self.expand(pooled))) - 1)

    def forward(self, x: Tensor) -> Tensor:
        """Excite: (B*T, C, H, W) -> (B*T, C, H, W)."""
        return x + x * self.gates(x)
