"""torchvision's MobileNetV2 (Sandler et al., CVPR 2018).

Stages are called stage1 to stage7, the rows of the paper's table 2. The ten blocks with
a shortcut have the place ``before_conv1``; TSM's authors shift in these ten as well. The other
seven have no residual branch.
"""

from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import get_model
from torchvision.models.mobilenetv2 import InvertedResidual

from models.backbones.backbone import Backbone, Places, plain_network
from models.backbones.sites import ModuleMaker, SiteAwareBlocks, make_module, no_module
from models.blocks.before_conv import apply_before

DEPTHS = (1, 2, 3, 4, 3, 3, 1)
"""Blocks in each stage: column n of the paper's table 2."""


class TemporalInvertedResidual(InvertedResidual):
    """torchvision's block with temporal modules, (B*T, C, H, W) -> (B*T, oup, H', W').

    Args:
        inp: C of the input.
        *args: As torchvision's.
        before_conv1: Makes the module at the head of the residual branch, at input width.
        before_last_conv: Makes the module before the last 1x1 convolution, at expanded width.
        **kwargs: As torchvision's.
    """

    def __init__(
        self,
        inp: int,
        *args: Any,
        before_conv1: ModuleMaker = no_module,
        before_last_conv: ModuleMaker = no_module,
        **kwargs: Any,
    ) -> None:
        super().__init__(inp, *args, **kwargs)
        last = self.conv[-2]
        assert isinstance(last, nn.Conv2d)
        self.before_conv1, _ = make_module(before_conv1, inp)
        self.before_last_conv, width = make_module(before_last_conv, last.in_channels)
        if width != last.in_channels:
            self.conv[-2] = nn.Conv2d(width, last.out_channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block; the shortcut takes the raw input."""
        first, *layers, last, norm = self.conv
        out = apply_before(self.before_conv1, x, first)
        for layer in layers:
            out = layer(out)
        out = norm(apply_before(self.before_last_conv, out, last))
        return x + out if self.use_res_connect else out


class MobileNetV2Backbone(Backbone):
    """MobileNetV2 at width 1, the only one in torchvision's builders."""

    head = "classifier.1"

    def places(self) -> list[list[Places]]:
        """Return both places for blocks with a shortcut, else ``before_last_conv``."""
        blocks = [
            _places(block)
            for block in plain_network(self.name).features
            if isinstance(block, InvertedResidual)
        ]
        ends = list(accumulate(DEPTHS))
        return [blocks[end - depth : end] for end, depth in zip(ends, DEPTHS, strict=True)]

    def build(self, num_classes: int, blocks: SiteAwareBlocks) -> nn.Module:
        """Build the MobileNetV2."""
        block = blocks.of(TemporalInvertedResidual)
        return get_model(self.name, num_classes=num_classes, block=block)

    def pool(self, network: Any, frames: Tensor) -> Tensor:
        """Average the last map over space."""
        x = nn.functional.adaptive_avg_pool2d(network.features(frames), 1)
        return torch.flatten(x, 1)


def _places(block: InvertedResidual) -> Places:
    if block.use_res_connect:
        return frozenset({"before_conv1", "before_last_conv"})
    return frozenset({"before_last_conv"})


BACKBONES = [MobileNetV2Backbone("mobilenet_v2")]
