"""The maps of a clip: Grad-CAM, and for a network with SME its saliency and attention."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lightning_modules.tensorboard.alignment_views import last_aligning
from lightning_modules.tensorboard.grad_cam import Cam, Classify, grad_cam, last_map
from lightning_modules.tensorboard.inspection import Watch, short_name

LARGEST_MAP = 28 * 28
"""Attention has the square of this number of weights for each pair of frames."""


def clip_maps(
    classify: Classify,
    network: nn.Module,
    clip: Tensor,
    layer: nn.Module | None = None,
    label: int | None = None,
) -> tuple[Cam, dict[str, Tensor]]:
    """Compute the maps of a clip.

    Args:
        classify: Maps uint8 clips (1, T, 3, H, W) to logits (1, K), through ``network``.
        network: The network, in evaluation mode.
        clip: uint8 0-255, (T, 3, H, W).
        layer: The layer of Grad-CAM; None for the end of the last stage.
        label: The class of Grad-CAM; None for the most probable one of this clip.

    Returns:
        Grad-CAM, and all maps by the name of their kind, (T, h, w), for
        `lightning_modules.tensorboard.pictures.clip_maps.draw_clip_maps`.

    Raises:
        RunError: If no layer has a map of more than one position.
    """
    cam = grad_cam(classify, clip, layer or last_map(classify, network, clip), label)
    return cam, {"Grad-CAM": cam.maps, **_alignment(classify, network, clip)}


@torch.no_grad()
def _alignment(classify: Classify, network: nn.Module, clip: Tensor) -> dict[str, Tensor]:
    """Read the last aligning block whose map has more than one position; empty without one."""
    aligning = last_aligning(network)
    if not aligning:
        return {}
    watch = Watch(aligning, lambda block, *inputs: (block, *inputs))
    try:
        classify(clip[None])
    finally:
        readings = watch.close()
    fitting = {n: r for n, r in readings.items() if 1 < r[1][0, 0].numel() <= LARGEST_MAP}
    if not fitting:
        return {}
    name, (block, current, following) = list(fitting.items())[-1]
    return _maps_of(network, name, block, current, following)


def _maps_of(
    network: nn.Module, name: str, block: Any, current: Tensor, following: Tensor
) -> dict[str, Tensor]:
    """Compute the maps of a block; frames t of the clip's T-1 pairs, (T-1, d, h, w)."""
    size = current.shape[-2:]
    saliency = block.saliency(current, following).float().mean(1).cpu()
    attention = block.attention(current, following).float().mean(1).unflatten(1, size).cpu()
    where = short_name(name)
    # The last frame has no successor, the first receives no attention.
    return {
        f"saliency S of frames t and t+1, mean over channels ({where})": F.pad(
            saliency, (0, 0, 0, 0, 0, 1), value=torch.nan
        ),
        f"attention that frame t+1 receives from frame t ({where})": F.pad(
            attention, (0, 0, 0, 0, 1, 0), value=torch.nan
        ),
    }
