"""Mixup and cutmix on clips: all frames of a clip are mixed in the same way, and its labels."""

import math

import torch
from torch import Tensor
from torchvision.transforms.v2 import CutMix, MixUp
from torchvision.tv_tensors import Video

from lightning_modules.errors import RunError


class ClipMixing:
    """Mixes each clip of a batch with the previous clip (not in either paper).

    Mixup (Zhang et al., ICLR 2018) averages two clips with random weights. Cutmix (Yun et al.,
    ICCV 2019) pastes a random box of one clip, at the same place in all frames, into the other.
    If both are on, one of them is chosen at random for each batch. torchvision's transforms draw
    one weight or one box for the whole batch.

    Args:
        mixup_alpha: Mixup draws its weight from Beta(alpha, alpha); 0 turns mixup off.
        cutmix_alpha: Cutmix draws the share of the frame outside its box from
            Beta(alpha, alpha); 0 turns cutmix off.
        probability: Probability that a batch is mixed, above 0 and at most 1.

    Raises:
        RunError: If an alpha is negative or not finite, both are 0, or the probability is out of
            range.
    """

    def __init__(
        self, mixup_alpha: float = 0.0, cutmix_alpha: float = 0.0, probability: float = 1.0
    ) -> None:
        if not all(map(math.isfinite, (mixup_alpha, cutmix_alpha))):
            raise RunError(f"{mixup_alpha=} and {cutmix_alpha=} must be finite")
        if min(mixup_alpha, cutmix_alpha) < 0 or max(mixup_alpha, cutmix_alpha) == 0:
            raise RunError(
                f"{mixup_alpha=} and {cutmix_alpha=}: none may be negative, and at least one must "
                "be above 0; mixing=null turns mixing off"
            )
        if not 0 < probability <= 1:
            raise RunError(f"{probability=} must be above 0 and at most 1")
        self.mixup_alpha = mixup_alpha
        self.cutmix_alpha = cutmix_alpha
        self.probability = probability

    def __call__(self, clips: Tensor, labels: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
        """Mix a batch, with the configured probability.

        Args:
            clips: Normalised frames, float (B, T, 3, H, W).
            labels: Classes from 0, (B,).
            num_classes: K.

        Returns:
            Clips of the same shape, and the probability of each class, (B, K).

        Raises:
            RunError: If the batch has fewer than 2 clips.
        """
        if len(clips) < 2:
            raise RunError("mixing needs batches of at least 2 clips: raise data.batch_size")
        if float(torch.rand(())) >= self.probability:
            return clips, torch.nn.functional.one_hot(labels, num_classes).float()
        both = self.mixup_alpha > 0 and self.cutmix_alpha > 0
        cut = float(torch.rand(())) < 0.5 if both else self.cutmix_alpha > 0
        alpha = self.cutmix_alpha if cut else self.mixup_alpha
        mix = (CutMix if cut else MixUp)(alpha=alpha, num_classes=num_classes)
        mixed, targets = mix(Video(clips), labels)
        return mixed.as_subclass(Tensor), targets

    def __str__(self) -> str:
        return (
            f"mixing: mixup alpha {self.mixup_alpha:g}, cutmix alpha {self.cutmix_alpha:g}, "
            f"{100 * self.probability:g} % of the batches"
        )
