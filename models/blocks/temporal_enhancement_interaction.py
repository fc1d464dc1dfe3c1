"""TEI, TEINet's module of both parts (Liu et al., AAAI 2020, section 3.3)."""

from torch import Tensor, nn

from models.blocks.motion_enhancement import MotionEnhancement
from models.blocks.temporal_interaction import TemporalInteraction


class TemporalEnhancementInteraction(nn.Module):
    """MEM, then TIM, in one pass over the frames: the gated frames are never stored.

    Args:
        mem: Computes the gates.
        tim: Convolves the gated frames over time.
    """

    def __init__(self, mem: MotionEnhancement, tim: TemporalInteraction) -> None:
        super().__init__()
        self.mem = mem
        self.tim = tim

    def forward(self, x: Tensor) -> Tensor:
        """Enhance and interact: (B*T, C, H, W) -> (B*T, C, H, W)."""
        interacted: Tensor = self.mem(x, self.tim)
        return interacted

    def project(self, x: Tensor, weight: Tensor) -> Tensor:
        """Enhance, interact and apply a 1x1 convolution, by a kernel; see `apply_before`.

        Args:
            x: Folded frames, (B*T, C, H, W).
            weight: (C', C, 1, 1).

        Returns:
            (B*T, C', H, W).
        """
        return self.tim.project(x, weight, self.mem.gates(x))

    def can_project(self, x: Tensor) -> bool:
        """Tell whether `project` takes frames of this shape, and the parts are the papers' own."""
        are_own = type(self.mem) is MotionEnhancement and type(self.tim) is TemporalInteraction
        return are_own and self.tim.can_project(x)
