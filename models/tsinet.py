"""TSINet: Su et al., TSI: Temporal Saliency Integration for Video Action Recognition.

A TSI block is a residual block with SME, then CTI, before its last convolution: after conv2 (BN,
ReLU) of a bottleneck, at bottleneck width (section 3.4, figure 2).
"""

from collections.abc import Callable
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
FusionKind = Literal["cascade", "summation", "concatenation"]


def fuse(kind: FusionKind, sme: nn.Module, cti: nn.Module, channels: int) -> nn.Module:
    """Join SME and CTI in one of table 4d's three ways."""
    if kind == "concatenation":
        return Concatenation(sme, cti, channels)
    return Cascade(sme, cti) if kind == "cascade" else Summation(sme, cti)


class TSINet(VideoResNet):
    """A ResNet with Salient Motion Excitation and Cross-perception Temporal Integration.

    Tables 4a and 4b: ``motion="none"`` is "CTI" alone, ``integration="tim"`` puts TEINet's TIM in
    CTI's place. Table 4c: ``stages``, ``blocks``. Table 4d: ``fusion``, ``sme_alignment``,
    ``sme_motion``, ``cti_integration``. In basic blocks (ResNet-18, -34) the modules stand
    between the two 3x3 convolutions (**not in the paper**, which runs ResNet-50).

    Args:
        num_classes: Classes.
        num_segments: T, the frames of one clip; 8 or 16 in the paper.
        backbone: A torchvision ResNet, ResNeXt or Wide ResNet by its torchvision name.
        weights: A torchvision weights name, a file, or None; see `models.weights.load_weights`.
        dropout: Probability before the classifier; see `VideoResNet`.
        stages: Stages with TSI blocks, such as ``res4``; see `models.placement.Placement`.
        blocks: All blocks of these stages or the first of each.
        motion: SME or nothing.
        integration: CTI, or TIM in its place (**paper leaves open** where TIM stands in
            "TIM + SME"), or nothing.
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
        require_choice("fusion", fusion, FusionKind)
        placement = Placement(stages, blocks)
        if fusion != "cascade" and "none" in (motion, integration):
            raise ModelError(
                f"fusion={fusion!r} needs two modules, but motion={motion!r} and "
                f"integration={integration!r}"
            )

        def make_sme(channels: int) -> nn.Module:
            return SalientMotionExcitation(
                channels,
                num_segments,
                sme_reduction,
                sme_alignment,
                sme_motion,
                sme_channel_attention,
                sme_reduction_norm,
            )

        def make_cti(channels: int) -> nn.Module:
            return CrossPerceptionTemporalIntegration(
                channels, num_segments, cti_groups, cti_integration
            )

        def make_tim(channels: int) -> nn.Module:
            return TemporalInteraction(channels, num_segments)

        makers: dict[str, Callable[[int], nn.Module]] = {
            "sme": make_sme,
            "cti": make_cti,
            "tim": make_tim,
            "none": lambda channels: nn.Identity(),
        }

        def tsi(channels: int, site: BlockSite) -> nn.Module | None:
            if site not in placement:
                return None
            return fuse(fusion, makers[motion](channels), makers[integration](channels), channels)

        super().__init__(
            num_classes,
            num_segments=num_segments,
            backbone=backbone,
            before_last_conv=tsi,
            dropout=dropout,
            weights=weights,
        )
