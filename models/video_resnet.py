"""A 2D ResNet over the folded frames of clips, with places for temporal modules.

B clips, T frames (segments), C channels, H W pixels. A clip is (B, T, 3, H, W) outside and
(B*T, C, H, W) inside.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torchvision.models.resnet import ResNet

from models.backbones import Backbone, get_backbone
from models.clips import require_clips, require_sizes, reset_head
from models.placement import FIRST_STAGE, BlockSite, TemporalMaker, is_temporal
from models.weights import load_weights


def no_temporal_module(channels: int, site: BlockSite) -> None:
    """Leave every block as torchvision has it."""


class SiteAwareBlock:
    """Stands for a block class in torchvision's ResNet and tells each new block its site.

    torchvision builds its blocks in order, stage by stage, so counting them names the site.
    """

    def __init__(self, backbone: Backbone, **makers: TemporalMaker) -> None:
        self.block: Callable[..., nn.Module] = backbone.block
        self.expansion = backbone.block.expansion
        self.sites = self._sites(backbone)
        self.makers = makers

    @staticmethod
    def _sites(backbone: Backbone) -> Iterator[BlockSite]:
        for stage, count in enumerate(backbone.layers, start=FIRST_STAGE):
            yield from (BlockSite(stage, index) for index in range(count))

    def __call__(self, *args: Any, **kwargs: Any) -> nn.Module:
        """Build the next block."""
        site = next(self.sites)
        slots = {slot: partial(maker, site=site) for slot, maker in self.makers.items()}
        return self.block(*args, **slots, **kwargs)


class VideoResNet(ResNet):
    """torchvision's ResNet applied to every frame; the logits are averaged over the clip.

    The average is TSN's consensus. Without temporal modules the network is torchvision's, key for
    key; this class adds where modules stand, dropout, and the head's initialisation N(0, 0.001).

    Args:
        num_classes: Classes.
        num_segments: T, the frames of one clip.
        backbone: A torchvision ResNet, ResNeXt or Wide ResNet by its torchvision name.
        before_conv1: Makes the module at the head of each block's residual branch.
        around_conv2: Makes the module around each block's conv2; see `models.residual_blocks`.
        before_last_conv: Makes the module before each block's last convolution.
        dropout: Probability before the classifier. 0.5, and 0.8 for UCF101 and HMDB51, is the
            TSN line's habit (**both papers leave it open**).
        weights: What to start from; see `models.weights.load_weights`.

    Raises:
        ModelError: If an argument is unknown or does not fit.
        WeightsError: If ``weights`` cannot be found, read or fitted.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        num_segments: int = 8,
        backbone: str = "resnet50",
        before_conv1: TemporalMaker = no_temporal_module,
        around_conv2: TemporalMaker = no_temporal_module,
        before_last_conv: TemporalMaker = no_temporal_module,
        dropout: float = 0.5,
        weights: str | None = None,
    ) -> None:
        require_sizes(num_classes, num_segments, dropout)
        shape = get_backbone(backbone)
        block = SiteAwareBlock(
            shape,
            before_conv1=before_conv1,
            around_conv2=around_conv2,
            before_last_conv=before_last_conv,
        )
        super().__init__(
            cast(type, block),
            list(shape.layers),
            num_classes=num_classes,
            groups=shape.groups,
            width_per_group=shape.width_per_group,
        )
        self.num_classes = num_classes
        self.num_segments = num_segments
        self.dropout = nn.Dropout(dropout)
        self._reset_added_parameters()
        if weights is not None:
            load_weights(self, weights, backbone)

    def _reset_added_parameters(self) -> None:
        # torchvision has just drawn every Conv2d by its own rule, also those inside the temporal
        # modules: give these their own beginnings back.
        for name, module in self.named_modules():
            reset = getattr(module, "reset_parameters", None)
            if is_temporal(name) and reset is not None:
                reset()
        reset_head(self.fc)

    def forward(self, clips: Tensor) -> Tensor:
        """Classify clips.

        Args:
            clips: Normalised frames, (B, T, 3, H, W).

        Returns:
            Logits, (B, num_classes).

        Raises:
            ModelError: If the clips do not have this network's T.
        """
        require_clips(clips, self.num_segments)
        frames = clips.flatten(0, 1)  # (B*T, 3, H, W)
        logits = self.fc(self.dropout(self.forward_features(frames)))  # (B*T, num_classes)
        consensus: Tensor = logits.unflatten(0, (-1, self.num_segments)).mean(dim=1)
        return consensus

    def forward_features(self, frames: Tensor) -> Tensor:
        """Compute pooled features, (B*T, 3, H, W) -> (B*T, features)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(frames))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return torch.flatten(self.avgpool(x), 1)
