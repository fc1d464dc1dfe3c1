"""How SME and CTI are combined in a TSI block (Su et al., TSI, table 4d)."""

from collections import OrderedDict

import torch
from torch import Tensor, nn


class Cascade(nn.Sequential):
    """One after the other: CTI(SME(X)), the paper's choice.

    Args:
        sme: The first module, (B*T, C, H, W) to the same shape.
        cti: The second module, likewise.
    """

    def __init__(self, sme: nn.Module, cti: nn.Module) -> None:
        super().__init__(OrderedDict(sme=sme, cti=cti))


class Summation(nn.Module):
    """In parallel, added: SME(X) + CTI(X).

    Args:
        sme: One branch, (B*T, C, H, W) to the same shape.
        cti: The other branch, likewise.
    """

    def __init__(self, sme: nn.Module, cti: nn.Module) -> None:
        super().__init__()
        self.sme = sme
        self.cti = cti

    def forward(self, x: Tensor) -> Tensor:
        """Fuse: (B*T, C, H, W) -> (B*T, C, H, W)."""
        fused: Tensor = self.sme(x) + self.cti(x)
        return fused


class Concatenation(nn.Module):
    """In parallel, concatenated; the next convolution takes 2C channels.

    Args:
        sme: One branch, (B*T, C, H, W) to the same shape.
        cti: The other branch, likewise.
        channels: C.
    """

    def __init__(self, sme: nn.Module, cti: nn.Module, channels: int) -> None:
        super().__init__()
        self.sme = sme
        self.cti = cti
        self.out_channels = 2 * channels

    def forward(self, x: Tensor) -> Tensor:
        """Fuse: (B*T, C, H, W) -> (B*T, 2C, H, W)."""
        return torch.cat([self.sme(x), self.cti(x)], dim=1)
