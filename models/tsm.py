"""TSM: Lin, Gan, Han, Temporal Shift Module for Efficient Video Understanding, ICCV 2019."""

from torch import nn

from models.blocks import TemporalShift
from models.placement import BlockChoice, BlockSite, Placement
from models.video_resnet import VideoResNet


class TSM(VideoResNet):
    """A ResNet whose residual branches begin with a temporal shift (TSM's "residual shift").

    Args:
        num_classes: Classes.
        num_segments: T, the frames of one clip.
        backbone: A torchvision ResNet, ResNeXt or Wide ResNet by its torchvision name.
        weights: A torchvision weights name, a file, or None; see `models.weights.load_weights`.
        dropout: Probability before the classifier; see `VideoResNet`.
        stages: Stages that shift, such as ``res2-5`` or ``res4``; see `models.placement.Placement`.
        blocks: All blocks of these stages or the first of each.
        fold_div: One part in ``fold_div`` of the channels moves each way; 8 in the paper.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        num_segments: int = 8,
        backbone: str = "resnet50",
        weights: str | None = None,
        dropout: float = 0.5,
        stages: str = "res2-5",
        blocks: BlockChoice = "all",
        fold_div: int = 8,
    ) -> None:
        placement = Placement(stages, blocks)

        def shift(channels: int, site: BlockSite) -> nn.Module | None:
            return TemporalShift(channels, num_segments, fold_div) if site in placement else None

        super().__init__(
            num_classes,
            num_segments=num_segments,
            backbone=backbone,
            before_conv1=shift,
            dropout=dropout,
            weights=weights,
        )
