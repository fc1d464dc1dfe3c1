"""TSINet: Su et al., TSI: Temporal Saliency Integration for Video Action Recognition.

A TSI block is a residual block with SME, then CTI, before its last convolution: after conv2 (BN,
ReLU) of a bottleneck, at bottleneck width (section 3.4, figure 2).
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

from torch import nn

from models.blocks import (
    CrossPerceptionTemporalIntegration,
    SalientMotionExcitation,
    TemporalInteraction,
)
from models.blocks.cross_perception_temporal_integration import Integration
from models.blocks.fusion import Cascade, Concatenation, Summation
from models.blocks.saliency_alignment import AlignmentOperator
from models.blocks.salient_motion_excitation import MotionModel
from models.errors import ModelError, require_choice
from models.placement import BlockChoice, BlockSite, Placement
from models.video_resnet import VideoResNet

Motion = Literal["sme", "none"]
Integrator = Literal["cti", "tim", "none"]
TimPlace = Literal["before_conv1", "before_last_conv"]
FusionKind = Literal["cascade", "summation", "concatenation"]


def fuse(kind: FusionKind, sme: nn.Module, cti: nn.Module, channels: int) -> nn.Module:
    """Join SME and CTI in one of table 4d's three ways."""
    if kind == "concatenation":
        return Concatenation(sme, cti, channels)
    return Cascade(sme, cti) if kind == "cascade" else Summation(sme, cti)


class TSINet(VideoResNet):
    """A ResNet with Salient Motion Excitation and Cross-perception Temporal Integration.

    Tables 4a and 4b: ``motion="none"`` is "CTI" alone; ``integration="tim"`` is "TIM + SME", and
    with ``motion="none"`` "TIM", TEINet's row to the digit. Table 4c: ``stages``, ``blocks``.
    Table 4d: ``fusion``, ``sme_alignment``, ``sme_motion``, ``cti_integration``. In basic blocks
    (ResNet-18, -34) the modules stand between the two 3x3 convolutions (**not in the paper**,
    which runs ResNet-50).

    Args:
        num_classes: Classes.
        num_segments: T, the frames of one clip; 8 or 16 in the paper.
        backbone: A torchvision ResNet, ResNeXt or Wide ResNet by its torchvision name.
        weights: A torchvision weights name, a file, or None; see `models.weights.load_weights`.
        dropout: Probability before the classifier; see `VideoResNet`.
        stages: Stages with TSI blocks, such as ``res4``; see `models.placement.Placement`.
        blocks: All blocks of these stages or the first of each.
        motion: SME or nothing.
        integration: CTI, TEINet's TIM in its stead, or nothing.
        tim_place: Where TIM stands: ``before_conv1`` as in TEINet, whose figures the table's
            "R50 + TIM" repeats, or ``before_last_conv``, where CTI stands (**paper leaves open**).
        fusion: How the two stand together; the concatenation widens the convolution behind it,
            whose pretrained weights are then repeated and halved.
        sme_reduction: r = 16, section 3.2.
        sme_alignment: Saliency alignment's operator; ``none`` is "w/o SA" of table 4b.
        sme_motion: ``pyramid`` of 4 convolutions or ``simple``, one.
        sme_channel_attention: False is "w/o CA" of table 4b.
        sme_reduction_norm: See `SalientMotionExcitation`.
        cti_groups: G = 4, section 3.3.
        cti_integration: Cross attention, or table 4d's other two.

    Raises:
        ModelError: If a choice is unknown, or a fusion is asked of a single module.
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
        motion: Motion = "sme",
        integration: Integrator = "cti",
        tim_place: TimPlace = "before_conv1",
        fusion: FusionKind = "cascade",
        sme_reduction: int = 16,
        sme_alignment: AlignmentOperator = "multiply",
        sme_motion: MotionModel = "pyramid",
        sme_channel_attention: bool = True,
        sme_reduction_norm: bool = True,
        cti_groups: int = 4,
        cti_integration: Integration = "cross",
    ) -> None:
        require_choice("motion", motion, Motion)
        require_choice("integration", integration, Integrator)
        require_choice("tim_place", tim_place, TimPlace)
        require_choice("fusion", fusion, FusionKind)
        placement = Placement(stages, blocks)
        tim_first = integration == "tim" and tim_place == "before_conv1"
        beside_sme = "none" if tim_first else integration
        if fusion != "cascade" and "none" in (motion, beside_sme):
            raise ModelError(
                f"fusion={fusion!r} needs two modules in one place, but motion={motion!r}, "
                f"integration={integration!r} and {tim_place=}"
            )

        make_tim = partial(TemporalInteraction, num_segments=num_segments)
        makers: dict[str, Callable[[int], nn.Module]] = {
            "sme": partial(
                SalientMotionExcitation,
                num_segments=num_segments,
                reduction=sme_reduction,
                alignment=sme_alignment,
                motion=sme_motion,
                channel_attention=sme_channel_attention,
                reduction_norm=sme_reduction_norm,
            ),
            "cti": partial(
                CrossPerceptionTemporalIntegration,
                num_segments=num_segments,
                groups=cti_groups,
                integration=cti_integration,
            ),
            "tim": make_tim,
            "none": nn.Identity,
        }

        def tsi(channels: int, site: BlockSite) -> nn.Module | None:
            if site not in placement:
                return None
            return fuse(fusion, makers[motion](channels), makers[beside_sme](channels), channels)

        def first(channels: int, site: BlockSite) -> nn.Module | None:
            return make_tim(channels) if tim_first and site in placement else None

        super().__init__(
            num_classes,
            num_segments=num_segments,
            backbone=backbone,
            before_conv1=first,
            before_last_conv=tsi,
            dropout=dropout,
            weights=weights,
        )
