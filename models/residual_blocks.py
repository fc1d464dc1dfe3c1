"""Torchvision's two residual blocks with three places for a temporal module.

A module enters through the constructor; without one a block is torchvision's, key for key.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, conv1x1, conv3x3

SlotMaker = Callable[[int], nn.Module | None]
"""Makes the module of one place of one block for C channels, or None."""


def no_module(channels: int) -> None:
    """Leave a place empty."""


class Conv2Alone(nn.Module):
    """Nothing around conv2."""

    def forward(self, x: Tensor, conv2: Callable[[Tensor], Tensor]) -> Tensor:
        """Apply conv2 with its normalisation (and, in a bottleneck, ReLU)."""
        return conv2(x)


def make_slot(maker: SlotMaker, channels: int) -> tuple[nn.Module, int]:
    """Make a place's module and tell how many channels leave it (a concatenation gives more)."""
    module = maker(channels) or nn.Identity()
    return module, getattr(module, "out_channels", channels)


class TemporalBasicBlock(BasicBlock):
    """torchvision's BasicBlock, (B*T, C, H, W) -> (B*T, planes, H', W').

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
        before_conv1: SlotMaker = no_module,
        around_conv2: SlotMaker = no_module,
        before_last_conv: SlotMaker = no_module,
        **kwargs: Any,
    ) -> None:
        super().__init__(inplanes, planes, *args, **kwargs)
        self.before_conv1, _ = make_slot(before_conv1, inplanes)
        self.around_conv2 = around_conv2(planes) or Conv2Alone()
        self.before_last_conv, width = make_slot(before_last_conv, planes)
        if width != planes:
            self.conv2 = conv3x3(width, planes)

    def forward(self, x: Tensor) -> Tensor:
        """Transform; the shortcut takes the raw input."""
        out = self.before_conv1(x)
        out = self.relu(self.bn1(self.conv1(out)))
        out = self.before_last_conv(out)
        out = self.around_conv2(out, self._conv2)
        identity = x if self.downsample is None else self.downsample(x)
        activated: Tensor = self.relu(out + identity)
        return activated

    def _conv2(self, x: Tensor) -> Tensor:
        convolved: Tensor = self.bn2(self.conv2(x))
        return convolved


class TemporalBottleneck(Bottleneck):
    """torchvision's Bottleneck, (B*T, C, H, W) -> (B*T, 4 * planes, H', W').

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
        before_conv1: SlotMaker = no_module,
        around_conv2: SlotMaker = no_module,
        before_last_conv: SlotMaker = no_module,
        **kwargs: Any,
    ) -> None:
        super().__init__(inplanes, planes, *args, **kwargs)
        bottleneck = self.conv2.out_channels
        self.before_conv1, _ = make_slot(before_conv1, inplanes)
        self.around_conv2 = around_conv2(bottleneck) or Conv2Alone()
        self.before_last_conv, width = make_slot(before_last_conv, bottleneck)
        if width != bottleneck:
            self.conv3 = conv1x1(width, planes * self.expansion)

    def forward(self, x: Tensor) -> Tensor:
        """Transform; the shortcut takes the raw input."""
        out = self.before_conv1(x)
        out = self.relu(self.bn1(self.conv1(out)))
        out = self.around_conv2(out, self._conv2)
        out = self.before_last_conv(out)
        out = self.bn3(self.conv3(out))
        identity = x if self.downsample is None else self.downsample(x)
        activated: Tensor = self.relu(out + identity)
        return activated

    def _conv2(self, x: Tensor) -> Tensor:
        convolved: Tensor = self.relu(self.bn2(self.conv2(x)))
        return convolved
