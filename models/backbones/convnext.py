"""torchvision's ConvNeXts (Liu et al., A ConvNet for the 2020s, CVPR 2022).

Stages are called stage1 to stage4, torchvision's ``features.1``, ``.3``, ``.5`` and ``.7``. A
block's last convolution is its second linear layer, a 1x1 convolution from 4C to C channels.

torchvision's stochastic depth is kept: it drops the residual branch of single frames, not of clips.
"""

from typing import Any

from torch import Tensor, nn
from torchvision import models
from torchvision.models import get_model, list_models
from torchvision.models.convnext import CNBlock

from models.backbones.backbone import Backbone, Places, plain_network
from models.backbones.sites import ModuleMaker, SiteAwareBlocks, make_module, no_module


class TemporalCNBlock(CNBlock):
    """torchvision's block with temporal modules, (B*T, C, H, W) to the same shape.

    Args:
        dim: C.
        *args: As torchvision's.
        before_conv1: Makes the module at the head of the residual branch, for C channels.
        before_last_conv: Makes the module before the second linear layer (after GELU), for 4C
            channels.
        **kwargs: As torchvision's.
    """

    def __init__(
        self,
        dim: int,
        *args: Any,
        before_conv1: ModuleMaker = no_module,
        before_last_conv: ModuleMaker = no_module,
        **kwargs: Any,
    ) -> None:
        super().__init__(dim, *args, **kwargs)
        last: Any = self.block[-2]
        self.before_conv1, _ = make_module(before_conv1, dim)
        self.before_last_conv, width = make_module(before_last_conv, last.in_features)
        if width != last.in_features:
            self.block[-2] = nn.Linear(width, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block; the shortcut takes the raw input."""
        *layers, last, to_channels_first = self.block
        out = self.before_conv1(x)
        for layer in layers:
            out = layer(out)
        wide = self.before_last_conv(out.permute(0, 3, 1, 2))  # (B*T, 4C, H, W), a view
        out = to_channels_first(last(wide.permute(0, 2, 3, 1)))
        return self.stochastic_depth(self.layer_scale * out) + x


class ConvNeXtBackbone(Backbone):
    """One member of the family, by torchvision's name."""

    head = "classifier.2"

    def places(self) -> list[list[Places]]:
        """Return ``before_conv1`` and ``before_last_conv`` for every block."""
        both: Places = frozenset({"before_conv1", "before_last_conv"})
        return [[both] * len(stage) for stage in plain_network(self.name).features[1::2]]

    def build(self, num_classes: int, blocks: SiteAwareBlocks) -> nn.Module:
        """Build the ConvNeXt."""
        return get_model(self.name, num_classes=num_classes, block=blocks.of(TemporalCNBlock))

    def pool(self, network: Any, frames: Tensor) -> Tensor:
        """Average the last map over space and apply LayerNorm."""
        norm, flatten, _ = network.classifier
        pooled: Tensor = flatten(norm(network.avgpool(network.features(frames))))
        return pooled


BACKBONES = [ConvNeXtBackbone(name) for name in list_models(models, include="convnext*")]
