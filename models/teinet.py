"""TEINet: Liu et al., TEINet: Towards an Efficient Architecture for Video Recognition, AAAI 2020.

A TEI module is MEM, then TIM, at the head of a block's residual branch (figure 1). The shortcut
takes the raw input. Only this place, before conv1 at the block's input width, gives the paper's
30.4 M parameters (table 2).
"""

from collections import OrderedDict
from typing import Literal

from torch import nn
from torchvision.ops import SqueezeExcitation

from models.backbones import get_backbone
from models.blocks import (
    MotionEnhancement,
    TemporalEnhancementInteraction,
    TemporalInteraction,
)
from models.blocks.motion_enhancement import Gate
from models.blocks.reduction import reduced_channels
from models.errors import require_choice
from models.placement import BlockChoice, Placement
from models.video_network import VideoNetwork

Enhancement = Literal["mem", "se", "none"]
Interaction = Literal["tim", "none"]


class TEINet(VideoNetwork):
    """A 2D network with Temporal Enhancement-and-Interaction (MEM + TIM) in its blocks (3.3).

    Table 1a: ``enhancement="none"`` is "TIM", ``interaction="none"`` is "MEM",
    ``enhancement="se"`` is "SE+TIM". Tables 1b and 1c: ``stages``.

    Args:
        num_classes: Classes.
        num_segments: T, the frames of one clip; 8 or 16 in the paper.
        backbone: The network for frames, by its torchvision name; see `models.backbones`.
        weights: A torchvision weights name, a file, or None; see `models.weights.load_weights`.
        dropout: Probability before the classifier; see `VideoNetwork`.
        stages: Stages with TEI modules, such as ``res4-5``; see `models.placement.Placement`.
        blocks: All blocks of these stages or the first of each.
        enhancement: MEM, or squeeze-and-excitation of each frame in its place, or nothing.
        interaction: TIM or nothing.
        reduction: r of MEM (8, section 3.1) and of SE (**paper leaves open**: the same).
        mem_bias: Biases in MEM's convolutions, see `MotionEnhancement`.
        mem_gate: ``paper`` is equation 3; ``centred`` is not in the paper, see `MotionEnhancement`.
        mem_norm: BatchNorm and ReLU after MEM's convolutions, see `MotionEnhancement`.

    Raises:
        ModelError: If a choice is unknown.
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
        enhancement: Enhancement = "mem",
        interaction: Interaction = "tim",
        reduction: int = 8,
        mem_bias: bool = True,
        mem_gate: Gate = "paper",
        mem_norm: bool = False,
    ) -> None:
        require_choice("enhancement", enhancement, Enhancement)
        require_choice("interaction", interaction, Interaction)
        bare = enhancement == "none" and interaction == "none"
        placement = Placement(
            get_backbone(backbone), "before_conv1", "none" if bare else stages, blocks
        )

        def mem(channels: int) -> MotionEnhancement:
            return MotionEnhancement(
                channels, num_segments, reduction, mem_bias, mem_gate, mem_norm
            )

        def tei(channels: int) -> nn.Module:
            if enhancement == "mem" and interaction == "tim":
                tim = TemporalInteraction(channels, num_segments)
                return TemporalEnhancementInteraction(mem(channels), tim)
            parts: OrderedDict[str, nn.Module] = OrderedDict()
            if enhancement == "mem":
                parts["mem"] = mem(channels)
            elif enhancement == "se":
                parts["se"] = SqueezeExcitation(channels, reduced_channels(channels, reduction))
            if interaction == "tim":
                parts["tim"] = TemporalInteraction(channels, num_segments)
            return nn.Sequential(parts)

        super().__init__(
            num_classes,
            num_segments=num_segments,
            backbone=backbone,
            modules={"before_conv1": placement.maker(tei)},
            dropout=dropout,
            weights=weights,
        )
