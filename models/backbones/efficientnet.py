"""torchvision's EfficientNets (Tan, Le, ICML 2019) and EfficientNetV2s (ICML 2021).

Stages are called stage1 to stage7 (V2-S: stage6), torchvision's ``features.1`` to ``features.7``:
the rows of the papers' tables that hold MBConv blocks. Only blocks with a shortcut have a residual
branch, and so the place ``before_conv1``. The blocks of V2's stage1 are a single convolution and
have no ``before_last_conv``.

torchvision's stochastic depth is kept: it drops the residual branch of single frames, not of clips.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.efficientnet import (
    EfficientNet,
    FusedMBConv,
    MBConv,
    _efficientnet_conf,
)

from models.backbones.backbone import Backbone, Places, plain_network
from models.backbones.sites import ModuleMaker, Place, SiteAwareBlocks, make_module, no_module
from models.blocks.before_conv import apply_before


class TemporalModules(nn.Module):
    """Mixin for both kinds of blocks: adds temporal modules to their ``block`` of convolutions.

    Args:
        *args: As torchvision's.
        before_conv1: Makes the module at the head of the residual branch, at input width.
        before_last_conv: Makes the module before the last 1x1 convolution, at expanded width.
        **kwargs: As torchvision's.
    """

    block: nn.Sequential
    stochastic_depth: nn.Module
    use_res_connect: bool

    def __init__(
        self,
        *args: Any,
        before_conv1: ModuleMaker = no_module,
        before_last_conv: ModuleMaker = no_module,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        first: Any = self.block[0]
        last: Any = self.block[-1]
        self.before_conv1, _ = make_module(before_conv1, first[0].in_channels)
        self.before_last_conv, width = make_module(before_last_conv, last[0].in_channels)
        if width != last[0].in_channels:
            last[0] = nn.Conv2d(width, last[0].out_channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block; the shortcut takes the raw input."""
        *layers, last = self.block
        out = apply_before(self.before_conv1, x, layers[0]) if layers else self.before_conv1(x)
        for layer in layers[1:]:
            out = layer(out)
        out = apply_before(self.before_last_conv, out, last)
        return self.stochastic_depth(out) + x if self.use_res_connect else out


class TemporalMBConv(TemporalModules, MBConv):
    """torchvision's MBConv with temporal modules, (B*T, C, H, W) -> (B*T, C', H', W')."""


class TemporalFusedMBConv(TemporalModules, FusedMBConv):
    """torchvision's FusedMBConv with temporal modules, (B*T, C, H, W) -> (B*T, C', H', W')."""


TEMPORAL = {MBConv: TemporalMBConv, FusedMBConv: TemporalFusedMBConv}


class EfficientNetBackbone(Backbone):
    """One member of the family.

    Args:
        name: torchvision's name.
        scales: Factors of width and depth; None for V2.
        **norm: The BatchNorm arguments that differ from torch's defaults.
    """

    head = "classifier.1"

    def __init__(self, name: str, scales: tuple[float, float] | None = None, **norm: float) -> None:
        super().__init__(name)
        self.scales = {} if scales is None else {"width_mult": scales[0], "depth_mult": scales[1]}
        self.norm: dict[str, Any] = dict(norm)

    def places(self) -> list[list[Places]]:
        """Read from torchvision's blocks which have a shortcut and which a last 1x1 convolution."""
        _, *stages, _ = plain_network(self.name).features
        return [[_places(block) for block in stage] for stage in stages]

    def build(self, num_classes: int, blocks: SiteAwareBlocks) -> nn.Module:
        """Build the EfficientNet from its settings, since torchvision's builders take no block."""
        settings, last_channel = _efficientnet_conf(self.name, **self.scales)
        for setting in settings:
            setting.block = blocks.of(TEMPORAL[setting.block])
        return EfficientNet(
            settings,
            dropout=0.0,  # `VideoNetwork` has its own, before the classifier
            num_classes=num_classes,
            norm_layer=partial(nn.BatchNorm2d, **self.norm),
            last_channel=last_channel,
        )

    def pool(self, network: Any, frames: Tensor) -> Tensor:
        """Average the last map over space."""
        return torch.flatten(network.avgpool(network.features(frames)), 1)


def _places(block: Any) -> Places:
    places: set[Place] = set()
    if block.use_res_connect:
        places.add("before_conv1")
    if len(block.block) > 1:
        places.add("before_last_conv")
    return frozenset(places)


BACKBONES = [
    EfficientNetBackbone("efficientnet_b0", (1.0, 1.0)),
    EfficientNetBackbone("efficientnet_b1", (1.0, 1.1)),
    EfficientNetBackbone("efficientnet_b2", (1.1, 1.2)),
    EfficientNetBackbone("efficientnet_b3", (1.2, 1.4)),
    EfficientNetBackbone("efficientnet_b4", (1.4, 1.8)),
    EfficientNetBackbone("efficientnet_b5", (1.6, 2.2), eps=1e-3, momentum=0.01),
    EfficientNetBackbone("efficientnet_b6", (1.8, 2.6), eps=1e-3, momentum=0.01),
    EfficientNetBackbone("efficientnet_b7", (2.0, 3.1), eps=1e-3, momentum=0.01),
    EfficientNetBackbone("efficientnet_v2_s", eps=1e-3),
    EfficientNetBackbone("efficientnet_v2_m", eps=1e-3),
    EfficientNetBackbone("efficientnet_v2_l", eps=1e-3),
]
