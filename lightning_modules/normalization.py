"""Scaling and normalisation of uint8 frames, on the device of the network."""

import torch
from torch import Tensor, nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class FrameNormalizer(nn.Module):
    """Turn uint8 RGB 0-255 into the normalised input of ImageNet networks.

    Args:
        mean: Mean of R, G and B, 0-1.
        std: Standard deviation of R, G and B, 0-1.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        mean: tuple[float, float, float] = IMAGENET_MEAN,
        std: tuple[float, float, float] = IMAGENET_STD,
    ) -> None:
        super().__init__()
        self.description = {"mean": list(mean), "std": list(std)}
        self.register_buffer("mean", 255 * torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        """Normalise: uint8 (..., 3, H, W) -> float (..., 3, H, W), same memory format."""
        return (frames.to(self.mean.dtype) - self.mean) / self.std

    def describe(self) -> dict[str, list[float]]:
        """Return mean and std as given to the constructor, 0-1."""
        return self.description
