"""A 2D network over the folded frames of clips, with places for temporal modules.

B clips, T frames (segments), C channels, H W pixels. A clip is (B, T, 3, H, W) outside and
(B*T, C, H, W) inside.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from models.backbones import get_backbone
from models.backbones.sites import Place, TemporalMaker, is_temporal
from models.clips import average_logits, require_clips, require_sizes, reset_head
from models.weights import load_weights

FRAME_NETWORK = "frame_network"


class VideoNetwork(nn.Module):
    """Applies a torchvision network to every frame and averages the logits over the clip.

    The average is TSN's consensus. The network for frames is in ``frame_network``: without
    temporal modules it has torchvision's parameters, key for key. This class adds the modules,
    dropout, and the head's initialisation N(0, 0.001). A ``state_dict`` of torchvision's network
    loads as well.

    Args:
        num_classes: Classes.
        num_segments: T, the frames of one clip.
        backbone: The network for frames, by its torchvision name; see `models.backbones`.
        modules: For each place, the function that makes its module, in every block with this
            place: at the head of the residual branch (``before_conv1``), around the spatial
            convolution (``around_conv2``), before the last convolution (``before_last_conv``).
        dropout: Probability before the classifier. 0.5, and 0.8 for UCF101 and HMDB51, are the
            values of the public TSN and TSM code (**both papers leave open**).
        weights: Initial weights; see `models.weights.load_weights`.

    Raises:
        ModelError: If an argument is unknown or does not fit.
        WeightsError: If ``weights`` cannot be found, read or fitted.
    """

    frame_network: Any
    """torchvision's; it has no type hints."""

    def __init__(
        self,
        num_classes: int,
        *,
        num_segments: int = 8,
        backbone: str = "resnet50",
        modules: Mapping[Place, TemporalMaker] | None = None,
        dropout: float = 0.5,
        weights: str | None = None,
    ) -> None:
        super().__init__()
        require_sizes(num_classes, num_segments, dropout)
        self.num_classes = num_classes
        self.num_segments = num_segments
        self.backbone = get_backbone(backbone)
        self.frame_network, self.sites = self.backbone.make(num_classes, modules or {})
        self.dropout = nn.Dropout(dropout)
        self.register_load_state_dict_pre_hook(_add_frame_network_prefix)  # type: ignore[no-untyped-call]
        self._reset_added_parameters()
        if weights is not None:
            self.start_from(weights)

    def start_from(self, weights: str) -> None:
        """Load first weights, see `models.weights.load_weights`.

        Args:
            weights: What the constructor takes.

        Raises:
            WeightsError: If they cannot be found, read or fitted.
        """
        load_weights(self.frame_network, weights, self.backbone.name, self.backbone.head)

    @property
    def classifier(self) -> nn.Linear:
        """The linear layer that gives the logits."""
        head = self.frame_network.get_submodule(self.backbone.head)
        assert isinstance(head, nn.Linear)
        return head

    def _reset_added_parameters(self) -> None:
        # torchvision has just initialised every convolution by its own rule, also those inside the
        # temporal modules: restore these modules' own initialisation.
        for name, module in self.frame_network.named_modules():
            reset = getattr(module, "reset_parameters", None)
            if is_temporal(name) and reset is not None:
                reset()
        reset_head(self.classifier)

    def forward(self, clips: Tensor) -> Tensor:
        """Classify clips.

        Args:
            clips: Normalised frames, (B, T, 3, H, W).

        Returns:
            Logits, (B, num_classes), at least in float32.

        Raises:
            ModelError: If the clips do not have this network's T.
        """
        require_clips(clips, self.num_segments)
        frames = clips.flatten(0, 1)  # (B*T, 3, H, W)
        logits = self.classifier(self.dropout(self.forward_features(frames)))  # (B*T, num_classes)
        return average_logits(logits.unflatten(0, (-1, self.num_segments)))

    def forward_features(self, frames: Tensor) -> Tensor:
        """Compute pooled features, (B*T, 3, H, W) -> (B*T, features)."""
        return self.backbone.pool(self.frame_network, frames)

    def stage_of(self, module: str) -> str:
        """Return the stage of a module in a block, such as ``res4``; "" outside of all blocks.

        Args:
            module: Its name in this network.
        """
        name = module.removeprefix(f"{FRAME_NETWORK}.")
        for block, site in self.sites.items():
            if name == block or name.startswith(f"{block}."):
                return self.backbone.stage_name(site.stage)
        return ""


def _add_frame_network_prefix(
    network: nn.Module, state: dict[str, Tensor], prefix: str, *args: object
) -> None:
    """Let a bare frame network's weights load: torchvision's, and those of older checkpoints."""
    inside = f"{prefix}{FRAME_NETWORK}."
    for key in [key for key in state if key.startswith(prefix) and not key.startswith(inside)]:
        state[inside + key.removeprefix(prefix)] = state.pop(key)
