"""ECO: Zolfaghari, Singh, Brox, ECCV 2018.

ECO: Efficient Convolutional Network for Online Video Understanding.

The tables' ECO (47.5 M parameters, 64 G at 16 frames) is the full network of figure 2, not ECO
Lite: BN-Inception on every frame and, parallel to its later half, a 3D ResNet-18 on its 28 x 28
maps.
"""

import torch
from torch import Tensor, nn
from torchvision.ops import Conv3dNormActivation

from models.bn_inception import OUT_CHANNELS, SHARED_CHANNELS, BNInception
from models.clips import require_clips, require_sizes, reset_head
from models.weights import load_weights

WIDTHS = (128, 256, 512)
"""Channels of the 3D network's stages res3, res4 and res5."""


class PreActivationBlock3d(nn.Module):
    """BN, ReLU, then two 3x3x3 convolutions; (B, C, T, H, W) -> (B, outputs, T', H', W').

    A block that changes the width halves time and space, and its shortcut is a 3x3x3 convolution.
    The order and this shortcut are those of the authors' code; only with this shortcut are there
    the printed 47.5 M parameters (**paper leaves open**).

    Args:
        channels: C of the input.
        outputs: C of the output.
    """

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        stride = 1 if channels == outputs else 2
        self.activate = nn.Sequential(nn.BatchNorm3d(channels), nn.ReLU(inplace=True))
        self.conv1 = Conv3dNormActivation(channels, outputs, 3, stride=stride)
        self.conv2 = nn.Conv3d(outputs, outputs, 3, padding=1, bias=False)
        self.shortcut = (
            None if stride == 1 else nn.Conv3d(channels, outputs, 3, stride, 1, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        active = self.activate(x)
        residual: Tensor = self.conv2(self.conv1(active))
        return residual + (x if self.shortcut is None else self.shortcut(active))


def make_3d_net() -> nn.Sequential:
    """Make res3 to res5 of a 3D ResNet-18, (B, 96, T, H, W) -> (B, 512, T/4, H/4, W/4)."""
    res3, res4, res5 = WIDTHS
    return nn.Sequential(
        nn.Conv3d(SHARED_CHANNELS, res3, 3, padding=1, bias=False),
        PreActivationBlock3d(res3, res3),
        PreActivationBlock3d(res3, res4),
        PreActivationBlock3d(res4, res4),
        PreActivationBlock3d(res4, res5),
        PreActivationBlock3d(res5, res5),
        nn.BatchNorm3d(res5),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool3d(1),
    )


class ECO(nn.Module):
    """ECO full: a classifier of 2D features, averaged over the frames, and 3D features.

    The 3D network starts from the first 3x3 map (96 channels) of BN-Inception's module 3c.

    Args:
        num_classes: Classes.
        num_segments: T, the frames of one clip; 16 in ECO_16F, 8 in ECO_8F, one per segment.
        weights: A file with the weights of this network, or None; torchvision has none. The paper
            starts from a BN-Inception and a 3D ResNet-18 trained separately on Kinetics; here a
            file with only one of the two is refused.
        dropout: Probability before the classifier; see `VideoNetwork`.

    Raises:
        ModelError: If an argument does not fit.
        WeightsError: If ``weights`` cannot be found, read or fitted.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        num_segments: int = 8,
        weights: str | None = None,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        require_sizes(num_classes, num_segments, dropout)
        self.num_classes = num_classes
        self.num_segments = num_segments
        self.net2d = BNInception()
        self.net3d = make_3d_net()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(OUT_CHANNELS + WIDTHS[-1], num_classes)
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
        load_weights(self, weights, None, "fc")

    @property
    def classifier(self) -> nn.Linear:
        """The linear layer that gives the logits."""
        return self.fc

    def _reset_parameters(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
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
        last, shared = self.net2d(clips.flatten(0, 1))  # (B*T, 1024, ., .), (B*T, 96, ., .)
        appearance = self.avgpool(last).flatten(1).unflatten(0, (-1, self.num_segments)).mean(1)
        video = shared.unflatten(0, (-1, self.num_segments)).transpose(1, 2)  # (B, 96, T, ., .)
        motion = self.net3d(video).flatten(1)  # (B, 512)
        logits: Tensor = self.fc(self.dropout(torch.cat([appearance, motion], dim=1)))
        return logits
