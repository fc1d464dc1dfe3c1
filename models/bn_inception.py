"""BN-Inception, ECO's 2D network (Ioffe, Szegedy, Batch Normalization, ICML 2015, figure 5).

torchvision's GoogLeNet has batch normalisation but lacks the double 3x3 branches, the strided
modules without a 1x1 branch, and these widths.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import Conv2dNormActivation


@dataclass(frozen=True)
class Widths:
    """Channels inside one inception module.

    Attributes:
        single: Channels of the 1x1 branch; 0 in a module of stride 2, which has no such branch.
        triple: Channels of the 3x3 branch: its reduction, its convolution.
        double: Channels of the double 3x3 branch: its reduction, both of its convolutions.
        projection: Channels of the 1x1 convolution after the pooling; 0 for no convolution.
        max_pool: Max pooling; the other modules, all of stride 1, use average pooling.
    """

    single: int
    triple: tuple[int, int]
    double: tuple[int, int]
    projection: int
    max_pool: bool = False


MODULES = {
    "3a": Widths(64, (64, 64), (64, 96), 32),
    "3b": Widths(64, (64, 96), (64, 96), 64),
    "3c": Widths(0, (128, 160), (64, 96), 0, max_pool=True),
    "4a": Widths(224, (64, 96), (96, 128), 128),
    "4b": Widths(192, (96, 128), (96, 128), 128),
    "4c": Widths(160, (128, 160), (128, 160), 128),
    "4d": Widths(96, (128, 192), (160, 192), 128),
    "4e": Widths(0, (128, 192), (192, 256), 0, max_pool=True),
    "5a": Widths(352, (192, 320), (160, 224), 128),
    "5b": Widths(352, (192, 320), (192, 224), 128, max_pool=True),
}
"""The widths of the published Caffe model, which ECO starts from."""

SHARED_MODULE = "3c"
SHARED_CHANNELS = MODULES[SHARED_MODULE].double[1]
STEM_CHANNELS = 192
OUT_CHANNELS = 1024


class Inception(nn.Module):
    """Parallel branches, concatenated: 1x1, 3x3, double 3x3 and pooling.

    Args:
        channels: C of the input.
        widths: Channels of the branches; a module without a 1x1 branch has stride 2.
    """

    def __init__(self, channels: int, widths: Widths) -> None:
        super().__init__()
        stride = 1 if widths.single else 2
        reduced, outputs = widths.triple
        double_reduced, double = widths.double
        conv = Conv2dNormActivation
        self.single = conv(channels, widths.single, 1) if widths.single else None
        self.triple = nn.Sequential(
            conv(channels, reduced, 1), conv(reduced, outputs, 3, stride=stride)
        )
        self.double_head = nn.Sequential(
            conv(channels, double_reduced, 1), conv(double_reduced, double, 3)
        )
        self.double_tail = conv(double, double, 3, stride=stride)
        self.pool = make_pool(stride, widths.max_pool)
        self.projection = conv(channels, widths.projection, 1) if widths.projection else None
        pooled = widths.projection or channels
        self.out_channels = widths.single + outputs + double + pooled

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the module's output and the double branch's first 3x3 map, both (N, ., H, W)."""
        head = self.double_head(x)
        pooled = self.pool(x)
        branches = [self.triple(x), self.double_tail(head)]
        if self.single is not None:
            branches.insert(0, self.single(x))
        branches.append(pooled if self.projection is None else self.projection(pooled))
        return torch.cat(branches, dim=1), head


class HalvingMaxPool(nn.Module):
    """3x3 max pooling of stride 2 whose output is as large as that of the strided convolutions.

    An even side is halved without padding, rounding up, as in Caffe. An odd side is padded by 1;
    the published model, made for frames of 224 px, refuses odd sides (**not in the paper**).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Pool: (N, C, H, W) -> (N, C, H/2, W/2), rounded up."""
        odd = (x.shape[2] % 2, x.shape[3] % 2)
        return F.max_pool2d(x, 3, 2, padding=odd, ceil_mode=True)


def make_pool(stride: int, max_pool: bool) -> nn.Module:
    """Make a module's 3x3 pooling."""
    if stride == 2:
        return HalvingMaxPool()
    return nn.MaxPool2d(3, 1, 1) if max_pool else nn.AvgPool2d(3, 1, 1)


class BNInception(nn.Module):
    """BN-Inception without its classifier, (N, 3, H, W) -> (N, 1024, H/32, W/32)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            Conv2dNormActivation(3, 64, 7, stride=2),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Conv2dNormActivation(64, 64, 1),
            Conv2dNormActivation(64, STEM_CHANNELS, 3),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.inceptions = nn.ModuleDict(dict(make_modules()))

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the last map and 3c's first, (N, 1024, H/32, W/32) and (N, 96, H/8, W/8)."""
        x = self.stem(frames)
        shared = x
        for name, inception in self.inceptions.items():
            x, head = inception(x)
            if name == SHARED_MODULE:
                shared = head
        return x, shared


def make_modules() -> Iterator[tuple[str, Inception]]:
    """Make the ten named modules in order."""
    channels = STEM_CHANNELS
    for name, widths in MODULES.items():
        module = Inception(channels, widths)
        channels = module.out_channels
        yield name, module
