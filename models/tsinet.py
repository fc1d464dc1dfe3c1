"""TSINet: Su et al., TSI: Temporal Saliency Integration for Video Action Recognition.

A TSI block is a residual block with SME, then CTI, before its last convolution: after conv2 (BN,
ReLU) of a bottleneck, at bottleneck width (section 3.4, figure 2).
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

from torch import nn

from models.backbones import get_backbone
from models.backbones.sites import Place, TemporalMaker
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
from models.blocks.multiple_temporal_aggregation import GroupOrder, KernelStart
from models.blocks.saliency_alignment import AlignmentOperator
from models.blocks.salient_motion_excitation import MotionModel
from models.errors import ModelError, require_choice
from models.placement import BlockChoice, Placement
from models.video_network import VideoNetwork

Motion = Literal["sme", "me", "none"]
Integrator = Literal["cti", "tim", "mta", "none"]
TimPlace = Literal["before_conv1", "before_last_conv"]
FusionKind = Literal["cascade", "summation", "concatenation"]


def fuse(kind: FusionKind, sme: nn.Module, cti: nn.Module, channels: int) -> nn.Module:
    """Combine SME and CTI (or their replacements) in one of table 4d's three ways."""
    if kind == "concatenation":
        return Concatenation(sme, cti, channels)
    return Cascade(sme, cti) if kind == "cascade" else Summation(sme, cti)


class TSINet(VideoNetwork):
    """A 2D network with Salient Motion Excitation and Cross-perception Temporal Integration.

    Tables 4a and 4b, with ``motion="none"``: "CTI" (table 5's "TSN + CTI"); with
    ``integration="tim"`` "TIM", whose figures are TEINet's; with ``integration="mta"`` "MTA".
    With ``integration="tim"`` alone "TIM + SME", and with ``motion="me"`` as well "TIM + ME".
    Table 4c: ``stages``, ``blocks``. Table 4d: ``fusion``, ``sme_alignment``, ``sme_motion``,
    ``cti_integration``. In basic blocks (ResNet-18, -34) the modules are placed between the
    two 3x3 convolutions (**not in the paper**, which runs ResNet-50).

    Where ME and MTA are placed, the **paper leaves open**; here they replace SME and CTI at the
    same place. TEA has ME before conv2, and MTA in place of conv2.

    Args:
        num_classes: Classes.
        num_segments: T, the frames of one clip; 8 or 16 in the paper.
        backbone: The network for frames, by its torchvision name; see `models.backbones`.
        weights: A torchvision weights name, a file, or None; see `models.weights.load_weights`.
        dropout: Probability before the classifier; see `VideoNetwork`.
        stages: Stages with TSI blocks, such as ``res4``; see `models.placement.Placement`.
        blocks: All blocks of these stages or the first of each.
        motion: SME, TEA's ME instead, or nothing.
        integration: CTI, TEINet's TIM or TEA's MTA instead, or nothing.
        tim_place: TIM's place: ``before_conv1`` as in TEINet, whose figures the table's
            "R50 + TIM" repeats, or ``before_last_conv``, CTI's place (**paper leaves open**).
        fusion: How the two modules are combined; concatenation doubles the input of the next
            convolution, whose pretrained weights are then repeated and halved.
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
        mta_start: Likewise.
        mta_order: Likewise.

    Raises:
        ModelError: If a choice is unknown, or ``fusion`` is set for a single module.
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
        mta_start: KernelStart = "identity",
        mta_order: GroupOrder = "code",
    ) -> None:
        beside_motion = _check_choices(motion, integration, tim_place, fusion)
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
            "mta": partial(
                MultipleTemporalAggregation, norm=mta_norm, start=mta_start, order=mta_order
            ),
            "tim": TemporalInteraction,
            "none": nn.Identity,
        }
        backbone_spec = get_backbone(backbone)

        def tsi(channels: int) -> nn.Module:
            first = make[motion](channels, num_segments)
            return fuse(fusion, first, make[beside_motion](channels, num_segments), channels)

        modules: dict[Place, TemporalMaker] = {}
        if (motion, beside_motion) != ("none", "none"):
            placement = Placement(backbone_spec, "before_last_conv", stages, blocks)
            modules["before_last_conv"] = placement.maker(tsi)
        if beside_motion != integration:
            placement = Placement(backbone_spec, "before_conv1", stages, blocks)
            modules["before_conv1"] = placement.maker(
                lambda channels: TemporalInteraction(channels, num_segments)
            )
        super().__init__(
            num_classes,
            num_segments=num_segments,
            backbone=backbone,
            modules=modules,
            dropout=dropout,
            weights=weights,
        )


def _check_choices(
    motion: Motion, integration: Integrator, tim_place: TimPlace, fusion: FusionKind
) -> Integrator:
    """Check the choices and return the module that shares the motion module's place.

    Raises:
        ModelError: If a choice is unknown, or ``fusion`` is set for a single module.
    """
    require_choice("motion", motion, Motion)
    require_choice("integration", integration, Integrator)
    require_choice("tim_place", tim_place, TimPlace)
    require_choice("fusion", fusion, FusionKind)
    tim_is_elsewhere = integration == "tim" and tim_place == "before_conv1"
    beside_motion: Integrator = "none" if tim_is_elsewhere else integration
    if fusion != "cascade" and "none" in (motion, beside_motion):
        raise ModelError(
            f"{fusion=} needs two modules in one place, but {motion=}, {integration=} and "
            f"{tim_place=}"
        )
    return beside_motion
