"""torchvision's RegNets (Radosavovic et al., Designing Network Design Spaces, CVPR 2020).

Stages are called stage1 to stage4; torchvision's ``trunk_output.block1`` is stage1. A block is a
bottleneck, whose last 1x1 convolution follows the 3x3 convolution and, in RegNetY, its
squeeze-and-excitation.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.regnet import BlockParams, RegNet, ResBottleneckBlock

from models.backbones.backbone import Backbone, Places
from models.backbones.sites import ModuleMaker, SiteAwareBlocks, make_module, no_module
from models.blocks.before_conv import apply_before


class TemporalResBottleneckBlock(ResBottleneckBlock):
    """torchvision's block with temporal modules, (B*T, C, H, W) -> (B*T, width_out, H', W').

    Args:
        width_in: C of the input.
        *args: As torchvision's.
        before_conv1: Makes the module at the head of the residual branch, at input width.
        before_last_conv: Makes the module before the last 1x1 convolution, at bottleneck width.
        **kwargs: As torchvision's.
    """

    def __init__(
        self,
        width_in: int,
        *args: Any,
        before_conv1: ModuleMaker = no_module,
        before_last_conv: ModuleMaker = no_module,
        **kwargs: Any,
    ) -> None:
        super().__init__(width_in, *args, **kwargs)
        last: nn.Conv2d = self.f.c[0]
        self.before_conv1, _ = make_module(before_conv1, width_in)
        self.before_last_conv, width = make_module(before_last_conv, last.in_channels)
        if width != last.in_channels:
            self.f.c[0] = nn.Conv2d(width, last.out_channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block; the shortcut takes the raw input."""
        first, *layers, last = self.f
        out = apply_before(self.before_conv1, x, first)
        for layer in layers:
            out = layer(out)
        out = apply_before(self.before_last_conv, out, last)
        shortcut = x if self.proj is None else self.proj(x)
        activated: Tensor = self.activation(shortcut + out)
        return activated


class RegNetBackbone(Backbone):
    """One member of the family.

    Args:
        name: torchvision's name.
        depth: Number of blocks in all stages.
        first_width: w_0 of the paper, the initial width.
        slope: w_a, the slope of the widths over the blocks.
        step: w_m, the factor between the widths of two stages.
        group_width: Channels of one group of the 3x3 convolutions.
        se_ratio: Squeeze-and-excitation's channels / the block's input channels; None in RegNetX.
    """

    head = "fc"

    def __init__(
        self,
        name: str,
        depth: int,
        first_width: int,
        slope: float,
        step: float,
        group_width: int,
        se_ratio: float | None = None,
    ) -> None:
        super().__init__(name)
        with torch.device("cpu"):  # torchvision computes the widths with tensors
            self.params: Any = BlockParams.from_init_params(
                depth, first_width, slope, step, group_width, se_ratio=se_ratio
            )

    def places(self) -> list[list[Places]]:
        """Return ``before_conv1`` and ``before_last_conv`` for every block."""
        both: Places = frozenset({"before_conv1", "before_last_conv"})
        return [[both] * depth for depth in self.params.depths]

    def build(self, num_classes: int, blocks: SiteAwareBlocks) -> nn.Module:
        """Build the RegNet."""
        block = blocks.of(TemporalResBottleneckBlock)
        return RegNet(self.params, num_classes, block_type=block)

    def pool(self, network: Any, frames: Tensor) -> Tensor:
        """Average the last map over space."""
        x = network.trunk_output(network.stem(frames))
        return torch.flatten(network.avgpool(x), 1)


BACKBONES = [
    RegNetBackbone("regnet_x_400mf", 22, 24, 24.48, 2.54, 16),
    RegNetBackbone("regnet_x_800mf", 16, 56, 35.73, 2.28, 16),
    RegNetBackbone("regnet_x_1_6gf", 18, 80, 34.01, 2.25, 24),
    RegNetBackbone("regnet_x_3_2gf", 25, 88, 26.31, 2.25, 48),
    RegNetBackbone("regnet_x_8gf", 23, 80, 49.56, 2.88, 120),
    RegNetBackbone("regnet_x_16gf", 22, 216, 55.59, 2.1, 128),
    RegNetBackbone("regnet_x_32gf", 23, 320, 69.86, 2.0, 168),
    RegNetBackbone("regnet_y_400mf", 16, 48, 27.89, 2.09, 8, 0.25),
    RegNetBackbone("regnet_y_800mf", 14, 56, 38.84, 2.4, 16, 0.25),
    RegNetBackbone("regnet_y_1_6gf", 27, 48, 20.71, 2.65, 24, 0.25),
    RegNetBackbone("regnet_y_3_2gf", 21, 80, 42.63, 2.66, 24, 0.25),
    RegNetBackbone("regnet_y_8gf", 17, 192, 76.82, 2.19, 56, 0.25),
    RegNetBackbone("regnet_y_16gf", 18, 200, 106.23, 2.48, 112, 0.25),
    RegNetBackbone("regnet_y_32gf", 20, 232, 115.89, 2.53, 232, 0.25),
    RegNetBackbone("regnet_y_128gf", 27, 456, 160.83, 2.52, 264, 0.25),
]
