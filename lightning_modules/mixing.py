"""Mixup and cutmix on clips: mixed inputs with mixed labels, the same for all frames of a clip."""

import torch
from torch import Tensor
from torchvision.transforms.v2 import CutMix, MixUp
from torchvision.tv_tensors import Video

from lightning_modules.errors import RunError


class ClipMixing:
    """Mixes each clip of a batch with its neighbour; neither paper does.

    Mixup (Zhang et al., ICLR 2018) averages two clips; cutmix (Yun et al., ICCV 2019) puts a box
    of one, at the same place in all frames, into the other. With both, each batch draws one of
    them. torchvision does the work; one draw holds for the whole batch.

    Args:
        mixup_alpha: Of mixup's Beta(alpha, alpha) distribution; 0 for no mixup.
        cutmix_alpha: Of cutmix's; 0 for no cutmix.
        probability: Share of the batches that are mixed, 0-1.

    Raises:
        RunError: If a number does not fit, or both alphas are 0.
    """

    def __init__(
        self, mixup_alpha: float = 0.0, cutmix_alpha: float = 0.0, probability: float = 1.0
    ) -> None:
        if min(mixup_alpha, cutmix_alpha) < 0 or max(mixup_alpha, cutmix_alpha) == 0:
            raise RunError(
                f"{mixup_alpha=} and {cutmix_alpha=}: give at least one above 0, and none below; "
                "mixing=null mixes nothing"
            )
        if not 0 < probability <= 1:
            raise RunError(f"{probability=} must be above 0 and at most 1")
        self.mixup_alpha = mixup_alpha
        self.cutmix_alpha = cutmix_alpha
        self.probability = probability

    def __call__(self, clips: Tensor, labels: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
        """Mix a batch, or leave it as it is.

        Args:
            clips: Normalised frames, float (B, T, 3, H, W).
            labels: Classes from 0, (B,).
            num_classes: K.

        Returns:
            Clips of the same shape, and probabilities of the classes, (B, K).

        Raises:
            RunError: If there is no second clip to mix with.
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
