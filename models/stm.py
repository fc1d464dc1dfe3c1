"""STM: Jiang et al., STM: SpatioTemporal and Motion Encoding for Action Recognition, ICCV 2019.

An STM block is a bottleneck whose 3x3 convolution becomes two branches, CSTM and CMM, added before
the last 1x1 convolution (section 3.3, figure 3).
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from models.backbones import get_backbone
from models.blocks import ChannelwiseMotion, ChannelwiseSpatioTemporal
from models.placement import BlockChoice, Placement
from models.video_network import VideoNetwork


class SpatioTemporalMotion(nn.Module):
    """CSTM + CMM, in parallel. Where conv2 has a stride, the motion is max-pooled to that size.

    The pooling, and the sum's position after conv2's BN and ReLU, follow code published under the
    first author's name (**paper leaves open**).

    Args:
        cstm: The temporal convolution before conv2, (B*T, C, H, W) to the same shape.
        cmm: The motion branch, likewise.
    """

    def __init__(self, cstm: nn.Module, cmm: nn.Module) -> None:
        super().__init__()
        self.cstm = cstm
        self.cmm = cmm

    def forward(self, x: Tensor, conv2: Callable[[Tensor], Tensor]) -> Tensor:
        """Encode: (B*T, C, H, W) -> (B*T, C, H', W'), the size that conv2 gives."""
        encoded = conv2(self.cstm(x))
        motion: Tensor = self.cmm(x)
        if motion.shape != encoded.shape:
            motion = F.max_pool2d(motion, 2, ceil_mode=True)
        return encoded + motion


class STM(VideoNetwork):
    """A ResNet of STM blocks: CSTM and CMM in every bottleneck.

    Only ResNets have this place. In basic blocks (ResNet-18, -34) both are placed around the
    second 3x3 convolution (**not in the paper**, which runs ResNet-50).

    Args:
        num_classes: Classes.
        num_segments: T, the frames of one clip; 8 or 16 in the paper.
        backbone: The network for frames, by its torchvision name; see `models.backbones`.
        weights: A torchvision weights name, a file, or None; see `models.weights.load_weights`.
        dropout: Probability before the classifier; see `VideoNetwork`.
        stages: Stages with STM blocks, such as ``res4``; see `models.placement.Placement`.
        blocks: All blocks of these stages or the first of each.
        cmm_reduction: r = 16, section 3.2.
        cmm_norm: See `ChannelwiseMotion`.
        cstm_fold_div: See `ChannelwiseSpatioTemporal`.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        num_segments: int = 8,
        backbone: str = "resnet50",
        weights: str | None = None,
        dropout: float = 0.5,
        stages: str = "all",
        blocks: BlockChoice = "all",
        cmm_reduction: int = 16,
        cmm_norm: bool = True,
        cstm_fold_div: int = 4,
    ) -> None:
        placement = Placement(get_backbone(backbone), "around_conv2", stages, blocks)

        def stm(channels: int) -> nn.Module:
            cstm = ChannelwiseSpatioTemporal(channels, num_segments, cstm_fold_div)
            cmm = ChannelwiseMotion(channels, num_segments, cmm_reduction, cmm_norm)
            return SpatioTemporalMotion(cstm, cmm)

        super().__init__(
            num_classes,
            num_segments=num_segments,
            backbone=backbone,
            modules={"around_conv2": placement.maker(stm)},
            dropout=dropout,
            weights=weights,
        )
