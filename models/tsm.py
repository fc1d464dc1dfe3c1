"""TSM: Lin, Gan, Han, Temporal Shift Module for Efficient Video Understanding, ICCV 2019."""

from models.backbones import Backbone, get_backbone
from models.blocks import TemporalShift
from models.placement import BlockChoice, Placement
from models.video_network import VideoNetwork

DEEP_STAGE = 23
"""From this number of blocks in res4 on, the authors' code shifts only every second block."""


class TSM(VideoNetwork):
    """A 2D network whose residual branches start with a temporal shift ("residual shift").

    Args:
        num_classes: Classes.
        num_segments: T, the frames of one clip.
        backbone: The network for frames, by its torchvision name; see `models.backbones`.
        weights: A torchvision weights name, a file, or None; see `models.weights.load_weights`.
        dropout: Probability before the classifier; see `VideoNetwork`.
        stages: Stages that shift, such as ``all`` or ``res4``; see `models.placement.Placement`.
        blocks: All blocks of these stages or the first of each.
        fold_div: 1/``fold_div`` of the channels move in each direction; 8 in the paper.
        shift_every: Shift every n-th block of a stage, from its first on. None is the authors'
            code: 2 in ResNets whose res4 has at least 23 blocks (ResNet-101, -152), else 1
            (**paper leaves open**).

    Raises:
        ModelError: If an argument is unknown or does not fit.
        WeightsError: If ``weights`` cannot be found, read or fitted.
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
        fold_div: int = 8,
        shift_every: int | None = None,
    ) -> None:
        backbone_spec = get_backbone(backbone)
        step = authors_step(backbone_spec) if shift_every is None else shift_every
        placement = Placement(backbone_spec, "before_conv1", stages, blocks, step)
        shift = placement.maker(lambda channels: TemporalShift(channels, num_segments, fold_div))
        super().__init__(
            num_classes,
            num_segments=num_segments,
            backbone=backbone,
            modules={"before_conv1": shift},
            dropout=dropout,
            weights=weights,
        )


def authors_step(backbone: Backbone) -> int:
    """Return 2 if the authors' code shifts every second block of this network, else 1."""
    is_resnet = backbone.stage_word == "res"
    return 2 if is_resnet and len(backbone.places()[2]) >= DEEP_STAGE else 1
