"""TSN: Wang et al., Temporal Segment Networks, ECCV 2016. Frames are combined only by averaging."""

from models.video_network import VideoNetwork


class TSN(VideoNetwork):
    """A 2D network on each frame, logits averaged: the baseline, blind to the order of frames.

    Args:
        num_classes: Classes.
        num_segments: T, the frames of one clip.
        backbone: The network for frames, by its torchvision name; see `models.backbones`.
        weights: A torchvision weights name, a file, or None; see `models.weights.load_weights`.
        dropout: Probability before the classifier; see `VideoNetwork`.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        num_segments: int = 8,
        backbone: str = "resnet50",
        weights: str | None = None,
        dropout: float = 0.5,
    ) -> None:
        super().__init__(
            num_classes,
            num_segments=num_segments,
            backbone=backbone,
            dropout=dropout,
            weights=weights,
        )
