"""TSINet: Su et al., TSI: Temporal Saliency Integration for Video Action Recognition.

A TSI block is a residual block with SME, then CTI, before its last convolution: after conv2 (BN,
ReLU) of a bottleneck, at bottleneck width (section 3.4, figure 2).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import nn

from models.blocks import (
    CrossPerceptionTemporalIntegration,
    MotionExcitation,
    MultipleTemporalAggregation,
    SalientMotionExcitation,
    TemporalInteraction,
)
from models.blocks.cross_perception_temporal_integration import Integration
from models.blocks.fusion import Cascade, Concatenation, Summation
from models.blocks.motion_excitation import ExcitationGate
from models.blocks.saliency_alignment import AlignmentOperator
from models.blocks.salient_motion_excitation import MotionModel
from models.errors import ModelError, require_choice
from models.placement import BlockChoice, BlockSite, Placement
from models.video_resnet import VideoResNet

Motion = Literal["sme", "me", "none"]
Integrator = Literal["cti", "tim", "mta", "none"]
TimPlace = Literal["before_conv1", "before_last_conv"]
FusionKind = Literal["cascade", "summation", "concatenation"]


def fuse(kind: FusionKind, sme: nn.Module, cti: nn.Module, channels: int) -> nn.Module:
    """Join SME and CTI (or what stands in their stead) in one of table 4d's three ways."""
    if kind == "concatenation":
        return Concatenation(sme, cti, channels)
    return Cascade(sme, cti) if kind == "cascade" else Summation(sme, cti)


@dataclass(frozen=True)
class TSIModules:
    """Which modules stand where in a TSI block; the arguments are those of `TSINet`.

    Attributes:
        make: Makes each kind of module, by its name in the switches, for C and T.

    Raises:
        ModelError: If a choice is unknown, or a fusion is asked of a single module.
    """

    make: Mapping[str, Callable[..., nn.Module]]
    placement: Placement
    num_segments: int
    motion: Motion
    integration: Integrator
    tim_place: TimPlace
    fusion: FusionKind

    def __post_init__(self) -> None:
        require_choice("motion", self.motion, Motion)
        require_choice("integration", self.integration, Integrator)
        require_choice("tim_place", self.tim_place, TimPlace)
        require_choice("fusion", self.fusion, FusionKind)
        if self.fusion != "cascade" and "none" in (self.motion, self.beside_motion):
            raise ModelError(
                f"fusion={self.fusion!r} needs two modules in one place, but "
                f"motion={self.motion!r}, integration={self.integration!r} and "
                f"tim_place={self.tim_place!r}"
            )

    @property
    def tim_first(self) -> bool:
        """Whether TIM stands at the head of the block, away from the motion module."""
        return self.integration == "tim" and self.tim_place == "before_conv1"

    @property
    def beside_motion(self) -> Integrator:
        """What stands in one place with the motion module."""
        return "none" if self.tim_first else self.integration

    def before_conv1(self, channels: int, site: BlockSite) -> nn.Module | None:
        """Make TIM at the head of the block, where TEINet has it."""
        if not self.tim_first or site not in self.placement:
            return None
        return self.make["tim"](channels, self.num_segments)

    def before_last_conv(self, channels: int, site: BlockSite) -> nn.Module | None:
        """Make the two modules before the block's last convolution."""
        if site not in self.placement:
            return None
        motion = self.make[self.motion](channels, self.num_segments)
        integration = self.make[self.beside_motion](channels, self.num_segments)
        return fuse(self.fusion, motion, integration, channels)


class TSINet(VideoResNet):
    """A ResNet with Salient Motion Excitation and Cross-perception Temporal Integration.

    Tables 4a and 4b: ``motion="none"`` is "CTI" alone, table 5's "TSN + CTI"; with it,
    ``integration="tim"`` is "TIM", TEINet's row to the digit, and ``integration="mta"`` "MTA".
    ``integration="tim"`` alone is "TIM + SME", with ``motion="me"`` "TIM + ME". Table 4c:
    ``stages``, ``blocks``. Table 4d: ``fusion``, ``sme_alignment``, ``sme_motion``,
    ``cti_integration``. In basic blocks (ResNet-18, -34) the modules stand between the two 3x3
    convolutions (**not in the paper**, which runs ResNet-50).

    **Open**: the paper does not say where ME and MTA stand; here they stand where SME and CTI do.
    TEA has ME before conv2 and MTA in conv2's stead.

    Args:
        num_classes: Classes.
        num_segments: T, the frames of one clip; 8 or 16 in the paper.
        backbone: A torchvision ResNet, ResNeXt or Wide ResNet by its torchvision name.
        weights: A torchvision weights name, a file, or None; see `models.weights.load_weights`.
        dropout: Probability before the classifier; see `VideoResNet`.
        stages: Stages with TSI blocks, such as ``res4``; see `models.placement.Placement`.
        blocks: All blocks of these stages or the first of each.
        motion: SME, TEA's ME in its stead, or nothing.
        integration: CTI, TEINet's TIM or TEA's MTA in its stead, or nothing.
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
        me_norm: See `MotionExcitation`.
        me_gate: See `MotionExcitation`.
        mta_norm: See `MultipleTemporalAggregation`.

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
        me_norm: bool = True,
        me_gate: ExcitationGate = "paper",
        mta_norm: bool = True,
    ) -> None:
        make: dict[str, Callable[..., nn.Module]] = {
            "sme": partial(
                SalientMotionExcitation,
                reduction=sme_reduction,
                alignment=sme_alignment,
                motion=sme_motion,
                channel_attention=sme_channel_attention,
                reduction_norm=sme_reduction_norm,
            ),
            "me": partial(MotionExcitation, norm=me_norm, gate=me_gate),
            "cti": partial(
                CrossPerceptionTemporalIntegration, groups=cti_groups, integration=cti_integration
            ),
            "mta": partial(MultipleTemporalAggregation, norm=mta_norm),
            "tim": TemporalInteraction,
            "none": nn.Identity,
        }
        modules = TSIModules(
            make,
            Placement(stages, blocks),
            num_segments,
            motion,
            integration,
            tim_place,
            fusion,
        )
        super().__init__(
            num_classes,
            num_segments=num_segments,
            backbone=backbone,
            before_conv1=modules.before_conv1,
            before_last_conv=modules.before_last_conv,
            dropout=dropout,
            weights=weights,
        )
