"""torchvision's ResNets, ResNeXts and Wide ResNets.

Stages are called res2 to res5, as in the papers: res2 is torchvision's ``layer1``. Every block has
all three places.
"""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet, conv1x1, conv3x3

from models.backbones.backbone import Backbone, Places
from models.backbones.sites import (
    PLACES,
    ModuleMaker,
    SiteAwareBlocks,
    make_module,
    no_module,
)
from models.blocks.before_conv import apply_before


class Conv2Alone(nn.Module):
    """No module around conv2."""

    def forward(self, x: Tensor, conv2: Callable[[Tensor], Tensor]) -> Tensor:
        """Apply conv2 with its normalisation (and, in a bottleneck, ReLU)."""
        return conv2(x)


class TemporalBasicBlock(BasicBlock):
    """torchvision's BasicBlock with temporal modules, (B*T, C, H, W) -> (B*T, planes, H', W').

    Args:
        inplanes: C of the input.
        planes: Width of the block.
        *args: As torchvision's.
        before_conv1: Makes the module at the head of the residual branch, at input width.
        around_conv2: Makes the module that is given conv2's input and conv2 (BN) as a function.
        before_last_conv: Makes the module between conv1 (BN, ReLU) and conv2, at block width.
        **kwargs: As torchvision's.
    """

    def __init__(
        self,
        inplanes: int,
        planes: int,
        *args: Any,
        before_conv1: ModuleMaker = no_module,
        around_conv2: ModuleMaker = no_module,
        before_last_conv: ModuleMaker = no_module,
        **kwargs: Any,
    ) -> None:
        super().__init__(inplanes, planes, *args, **kwargs)
        self.before_conv1, _ = make_module(before_conv1, inplanes)
        self.around_conv2 = around_conv2(planes) or Conv2Alone()
        self.before_last_conv, width = make_module(before_last_conv, planes)
        if width != planes:
            self.conv2 = conv3x3(width, planes)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block; the shortcut takes the raw input."""
        out = self.before_conv1(x)
        out = self.relu(self.bn1(self.conv1(out)))
        out = self.before_last_conv(out)
        out = self.around_conv2(out, self._conv2)
        identity = x if self.downsample is None else self.downsample(x)
        out += identity
        activated: Tensor = self.relu(out)
        return activated

    def _conv2(self, x: Tensor) -> Tensor:
        convolved: Tensor = self.bn2(self.conv2(x))
        return convolved


class TemporalBottleneck(Bottleneck):
    """torchvision's Bottleneck with temporal modules, (B*T, C, H, W) -> (B*T, 4 * planes, H', W').

    Args:
        inplanes: C of the input.
        planes: A quarter of the output's channels.
        *args: As torchvision's.
        before_conv1: Makes the module at the head of the residual branch, at input width.
        around_conv2: Makes the module that is given conv2's input and conv2 (BN, ReLU) as a
            function; the output may be half as high and wide.
        before_last_conv: Makes the module between conv2 (BN, ReLU) and conv3, at bottleneck width.
        **kwargs: As torchvision's.
    """

    def __init__(
        self,
        inplanes: int,
        planes: int,
        *args: Any,
        before_conv1: ModuleMaker = no_module,
        around_conv2: ModuleMaker = no_module,
        before_last_conv: ModuleMaker = no_module,
        **kwargs: Any,
    ) -> None:
        super().__init__(inplanes, planes, *args, **kwargs)
        bottleneck = self.conv2.out_channels
        self.before_conv1, _ = make_module(before_conv1, inplanes)
        self.around_conv2 = around_conv2(bottleneck) or Conv2Alone()
        self.before_last_conv, width = make_module(before_last_conv, bottleneck)
        if width != bottleneck:
            self.conv3 = conv1x1(width, planes * self.expansion)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block; the shortcut takes the raw input."""
        out = self.relu(self.bn1(apply_before(self.before_conv1, x, self.conv1)))
        out = self.around_conv2(out, self._conv2)
        out = self.bn3(apply_before(self.before_last_conv, out, self.conv3))
        identity = x if self.downsample is None else self.downsample(x)
        out += identity
        activated: Tensor = self.relu(out)
        return activated

    def _conv2(self, x: Tensor) -> Tensor:
        convolved: Tensor = self.relu(self.bn2(self.conv2(x)))
        return convolved


class ResNetBackbone(Backbone):
    """One member of the family.

    Args:
        name: torchvision's name.
        block: Its residual block.
        layers: Numbers of blocks in res2 to res5.
        groups: Groups of the 3x3 convolutions (ResNeXt's cardinality).
        width_per_group: Channels per group at 64 planes.
    """

    stage_word = "res"
    first_stage = 2
    head = "fc"

    def __init__(
        self,
        name: str,
        block: type[TemporalBasicBlock] | type[TemporalBottleneck],
        layers: tuple[int, int, int, int],
        groups: int = 1,
        width_per_group: int = 64,
    ) -> None:
        super().__init__(name)
        self.block = block
        self.layers = layers
        self.groups = groups
        self.width_per_group = width_per_group

    def places(self) -> list[list[Places]]:
        """Return all three places for every block."""
        return [[frozenset(PLACES)] * depth for depth in self.layers]

    def build(self, num_classes: int, blocks: SiteAwareBlocks) -> nn.Module:
        """Build the ResNet."""
        block: Any = blocks.of(self.block)
        block.expansion = self.block.expansion  # torchvision reads it from the block class
        return ResNet(
            cast(type, block),
            list(self.layers),
            num_classes=num_classes,
            groups=self.groups,
            width_per_group=self.width_per_group,
        )

    def pool(self, network: Any, frames: Tensor) -> Tensor:
        """Average the last map over space."""
        x = network.maxpool(network.relu(network.bn1(network.conv1(frames))))
        x = network.layer4(network.layer3(network.layer2(network.layer1(x))))
        return torch.flatten(network.avgpool(x), 1)


BACKBONES = [
    ResNetBackbone("resnet18", TemporalBasicBlock, (2, 2, 2, 2)),
    ResNetBackbone("resnet34", TemporalBasicBlock, (3, 4, 6, 3)),
    ResNetBackbone("resnet50", TemporalBottleneck, (3, 4, 6, 3)),
    ResNetBackbone("resnet101", TemporalBottleneck, (3, 4, 23, 3)),
    ResNetBackbone("resnet152", TemporalBottleneck, (3, 8, 36, 3)),
    ResNetBackbone("resnext50_32x4d", TemporalBottleneck, (3, 4, 6, 3), 32, 4),
    ResNetBackbone("resnext101_32x8d", TemporalBottleneck, (3, 4, 23, 3), 32, 8),
    ResNetBackbone("resnext101_64x4d", TemporalBottleneck, (3, 4, 23, 3), 64, 4),
    ResNetBackbone("wide_resnet50_2", TemporalBottleneck, (3, 4, 6, 3), 1, 128),
    ResNetBackbone("wide_resnet101_2", TemporalBottleneck, (3, 4, 23, 3), 1, 128),
]
