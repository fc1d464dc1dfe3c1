"""I3D: a ResNet inflated to 3D, as in the efficiency tables (TEINet 2, TSI 1 and 5).

Inflation: Carreira, Zisserman, Quo Vadis, Action Recognition?, CVPR 2017. The tables' row (32
frames x 2 clips, 2 x 153 G, 41.6 %) is the ResNet-50 I3D of Wang, Gupta, Videos as Space-Time
Region Graphs, ECCV 2018, not the Inception I3D (108 G at 64 frames). Its layers are those of Wang
et al., Non-local Neural Networks, CVPR 2018, without the non-local blocks.
"""

from typing import TypeGuard

import torch
from torch import Tensor, nn

from models.backbones import BACKBONES, Backbone, get_backbone
from models.backbones.resnet import ResNetBackbone, TemporalBottleneck
from models.backbones.sites import BlockSite
from models.clips import require_clips, require_sizes, reset_head
from models.errors import ModelError
from models.weights import load_weights

FIRST_STAGE, LAST_STAGE = 2, 5
HEAD = "fc"


def is_inflated(site: BlockSite) -> bool:
    """Return whether a block's conv1 is 3x1x1: all of res2, every other block of res3 to res5.

    res3 and res4 start with an inflated block, res5 with one that is not inflated, as in the
    published configuration of the non-local network; this gives the printed 28.0 M parameters.
    """
    if site.stage == FIRST_STAGE:
        return True
    return site.index % 2 == (1 if site.stage == LAST_STAGE else 0)


class InflatedBottleneck(nn.Module):
    """torchvision's Bottleneck over space and time, (B, C, T, H, W) -> (B, 4 * planes, T, H', W').

    Its parameters have torchvision's names, so that ImageNet weights are inflated without renaming.

    Args:
        inplanes: C of the input.
        planes: A quarter of the output's channels.
        stride: Spatial stride of conv2 and of the shortcut.
        length: Length of conv1's kernel in frames, 1 or 3.
        resnet: The 2D network; its groups and widths are used.
    """

    def __init__(
        self, inplanes: int, planes: int, stride: int, length: int, resnet: ResNetBackbone
    ) -> None:
        super().__init__()
        outputs = planes * TemporalBottleneck.expansion
        width = planes * resnet.width_per_group // 64 * resnet.groups
        steps = (1, stride, stride)
        self.conv1 = nn.Conv3d(
            inplanes, width, (length, 1, 1), padding=(length // 2, 0, 0), bias=False
        )
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(
            width, width, (1, 3, 3), steps, (0, 1, 1), groups=resnet.groups, bias=False
        )
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3 = nn.Conv3d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inplanes != outputs:
            shortcut = nn.Conv3d(inplanes, outputs, 1, steps, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm3d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        activated: Tensor = self.relu(out + self.downsample(x))
        return activated


class I3D(nn.Module):
    """A bottleneck ResNet inflated to 3D: 5x7x7 stem, 3x1x1 convolutions in half of the blocks.

    conv1 5x7x7 / (1, 2, 2), pool1 1x3x3 / (1, 2, 2), res2, pool2 2x1x1 / (2, 1, 1), res3 to res5:
    32 frames of 224 px become 16 x 14 x 14 positions, whose features are averaged before the
    classifier. pool2's length is that of the non-local network's code (**paper leaves open**:
    with length 3 the counts would be the same).

    Args:
        num_classes: Classes.
        num_segments: T, the frames of one clip; 32 consecutive ones in the papers' tables.
        backbone: torchvision's name of a ResNet, ResNeXt or Wide ResNet with bottlenecks.
        weights: A torchvision weights name, a file, or None; 2D weights are inflated, see
            `models.weights.load_weights`.
        dropout: Probability before the classifier; see `VideoNetwork`.
        res5_stride: 1 keeps 14 x 14 positions in res5, as the 153 G of the region-graph paper
            imply; 2 is the non-local network's.

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
        weights: str | None = None,
        dropout: float = 0.5,
        res5_stride: int = 1,
    ) -> None:
        super().__init__()
        require_sizes(num_classes, num_segments, dropout)
        if res5_stride not in (1, 2):
            raise ModelError(f"{res5_stride=} must be 1 or 2")
        resnet = require_bottlenecks(backbone)
        self.num_classes = num_classes
        self.num_segments = num_segments
        self.backbone_name = backbone
        self.conv1 = nn.Conv3d(3, 64, (5, 7, 7), (1, 2, 2), (2, 3, 3), bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))
        self.layer1 = make_stage(resnet, 2, 1)
        self.pool2 = nn.MaxPool3d((2, 1, 1), ceil_mode=True)
        self.layer2 = make_stage(resnet, 3, 2)
        self.layer3 = make_stage(resnet, 4, 2)
        self.layer4 = make_stage(resnet, 5, res5_stride)
        self.avgpool = nn.AdaptiveAvgPool3d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(512 * TemporalBottleneck.expansion, num_classes)
        self._reset_parameters()
        if weights is not None:
            self.start_from(weights)

    def start_from(self, weights: str) -> None:
        """Load first weights, see `models.weights.load_weights`.

        Args:
            weights: What the constructor takes.

        Raises:
            WeightsError: If they cannot be found, read or fitted.
        """
        load_weights(self, weights, self.backbone_name, HEAD)

    @property
    def classifier(self) -> nn.Linear:
        """The linear layer that gives the logits."""
        return self.fc

    def _reset_parameters(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
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
        x = clips.transpose(1, 2)  # (B, 3, T, H, W)
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.pool2(self.layer1(x))
        x = self.layer4(self.layer3(self.layer2(x)))
        logits: Tensor = self.fc(self.dropout(torch.flatten(self.avgpool(x), 1)))
        return logits


def require_bottlenecks(backbone: str) -> ResNetBackbone:
    """Look up a backbone that can be inflated.

    Raises:
        ModelError: If ``backbone`` is unknown or has basic blocks, which the papers do not inflate.
    """
    resnet = get_backbone(backbone)
    if not has_bottlenecks(resnet):
        fitting = [name for name, one in BACKBONES.items() if has_bottlenecks(one)]
        raise ModelError(
            f"{backbone=}: I3D inflates bottlenecks; choose one of: {', '.join(fitting)}"
        )
    return resnet


def has_bottlenecks(backbone: Backbone) -> TypeGuard[ResNetBackbone]:
    """Return whether a backbone is a ResNet with bottlenecks."""
    return isinstance(backbone, ResNetBackbone) and backbone.block is TemporalBottleneck


def make_stage(resnet: ResNetBackbone, stage: int, stride: int) -> nn.Sequential:
    """Make one of the stages 2 to 5 with a spatial stride."""
    planes = 64 * 2 ** (stage - FIRST_STAGE)
    outputs = planes * TemporalBottleneck.expansion
    inplanes = 64 if stage == FIRST_STAGE else outputs // 2
    blocks = []
    for index in range(resnet.layers[stage - FIRST_STAGE]):
        length = 3 if is_inflated(BlockSite(stage, index)) else 1
        blocks.append(InflatedBottleneck(inplanes, planes, stride, length, resnet))
        inplanes, stride = outputs, 1
    return nn.Sequential(*blocks)
