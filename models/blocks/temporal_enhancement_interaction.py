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

    def project(self, x: Tensor, conv: nn.Conv2d) -> Tensor:
        """Compute ``conv(self(x))``; a kernel does it in one pass over x.

        Args:
            x: Folded frames, (B*T, C, H, W).
            conv: A 1x1 convolution without a bias.
        """
        return self.tim.project(x, conv, self.mem.gates(x))
