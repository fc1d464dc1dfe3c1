"""The shapes of torchvision's ResNets, ResNeXts and Wide ResNets, by torchvision's names."""

from dataclasses import dataclass

from models.errors import ModelError
from models.residual_blocks import TemporalBasicBlock, TemporalBottleneck


@dataclass(frozen=True)
class Backbone:
    """One member of the family.

    Attributes:
        block: Its residual block.
        layers: Blocks in stages 2 to 5.
        groups: Groups of the 3x3 convolutions (ResNeXt's cardinality).
        width_per_group: Channels per group at 64 planes.
    """

    block: type[TemporalBasicBlock] | type[TemporalBottleneck]
    layers: tuple[int, int, int, int]
    groups: int = 1
    width_per_group: int = 64


BACKBONES = {
    "resnet18": Backbone(TemporalBasicBlock, (2, 2, 2, 2)),
    "resnet34": Backbone(TemporalBasicBlock, (3, 4, 6, 3)),
    "resnet50": Backbone(TemporalBottleneck, (3, 4, 6, 3)),
    "resnet101": Backbone(TemporalBottleneck, (3, 4, 23, 3)),
    "resnet152": Backbone(TemporalBottleneck, (3, 8, 36, 3)),
    "resnext50_32x4d": Backbone(TemporalBottleneck, (3, 4, 6, 3), 32, 4),
    "resnext101_32x8d": Backbone(TemporalBottleneck, (3, 4, 23, 3), 32, 8),
    "resnext101_64x4d": Backbone(TemporalBottleneck, (3, 4, 23, 3), 64, 4),
    "wide_resnet50_2": Backbone(TemporalBottleneck, (3, 4, 6, 3), 1, 128),
    "wide_resnet101_2": Backbone(TemporalBottleneck, (3, 4, 23, 3), 1, 128),
}


def get_backbone(name: str) -> Backbone:
    """Look a backbone up.

    Raises:
        ModelError: If ``name`` is unknown; the message lists the known ones.
    """
    try:
        return BACKBONES[name]
    except KeyError:
        known = ", ".join(BACKBONES)
        raise ModelError(f"backbone={name!r} is not known; choose one of: {known}") from None
