"""What all networks share: checks of sizes and clips, the consensus, the head's initialisation."""

import torch
from torch import Tensor, nn

from models.errors import ModelError

HEAD_STD = 0.001


def require_sizes(num_classes: int, num_segments: int, dropout: float) -> None:
    """Check the numbers that every network is built from.

    Raises:
        ModelError: If there is no class or no frame, or if ``dropout`` is not in 0-1.
    """
    if num_segments < 1 or num_classes < 1:
        raise ModelError(f"{num_segments=} and {num_classes=} must be at least 1")
    if not 0 <= dropout <= 1:
        raise ModelError(f"{dropout=} must be in 0-1")


def require_clips(clips: Tensor, num_segments: int) -> None:
    """Check that clips have a network's T.

    Raises:
        ModelError: If they are not (B, T, 3, H, W).
    """
    if clips.ndim != 5 or clips.shape[1] != num_segments:
        raise ModelError(
            f"clips of shape {tuple(clips.shape)} do not fit a network with "
            f"num_segments={num_segments}: expected (B, {num_segments}, 3, H, W)"
        )


def average_logits(logits: Tensor) -> Tensor:
    """Average the logits of a clip's frames (B, T, K) -> (B, K), TSN's consensus.

    Half-precision logits are averaged in float32, so that close means stay different.
    """
    precise = torch.promote_types(logits.dtype, torch.float32)
    return logits.to(precise).mean(dim=1)


def reset_head(classifier: nn.Linear) -> None:
    """Initialise a classifier as in the public TSN and TSM code: weights N(0, 0.001), biases 0."""
    nn.init.normal_(classifier.weight, std=HEAD_STD)
    nn.init.zeros_(classifier.bias)
