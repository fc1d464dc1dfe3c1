"""Grad-CAM of a clip: where in each of its T frames the network sees a class.

Selvaraju et al., Grad-CAM, ICCV 2017, equations 1 and 2, with one map for each frame: the gradient
is that of the clip's logit, and the weights of the channels are averaged over a frame's positions.

T frames, C channels, h w positions of a map.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lightning_modules.errors import RunError

Classify = Callable[[Tensor], Tensor]
"""Maps uint8 clips (1, T, 3, H, W) to logits (1, K), through the network with the layer."""


class Cam(NamedTuple):
    """The maps of a clip.

    Attributes:
        maps: Evidence for the class, 0-1 of the largest in the clip, (T, h, w), on the CPU.
        label: The class.
        probability: Its probability, 0-1.
    """

    maps: Tensor
    label: int
    probability: float


def grad_cam(classify: Classify, clip: Tensor, layer: nn.Module, label: int | None = None) -> Cam:
    """Compute the maps of a class.

    No parameter gets a gradient, and the network must be in evaluation mode, so that a training
    is not changed. It also works inside `torch.inference_mode`.

    Args:
        classify: The network.
        clip: uint8 0-255, (T, 3, H, W).
        layer: The layer whose output is explained, see `last_map`.
        label: The class; None for the most probable one of this clip.
    """
    kept: list[Tensor] = []

    def cut(_: nn.Module, __: object, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[-1].clone()  # the layers behind may write into it

    handle = layer.register_forward_hook(cut)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            logits = classify(clip.clone()[None])[0]
            label = int(logits.argmax()) if label is None else label
            (gradient,) = torch.autograd.grad(logits[label], kept[-1])
    finally:
        handle.remove()
    values, gradient = (_by_frame(x).float().cpu() for x in (kept[-1].detach(), gradient))
    weights = gradient.mean((2, 3), keepdim=True)  # equation 1, (T, C, 1, 1)
    maps = (weights * values).sum(1).relu()  # equation 2, (T, h, w)
    if len(maps) != len(clip):  # a 3D network has merged frames
        size = [len(clip), *maps.shape[1:]]
        maps = F.interpolate(maps[None, None], size, mode="trilinear")[0, 0]
    probability = float(logits.detach().float().softmax(0)[label])
    return Cam(maps / maps.max().clamp(min=torch.finfo().tiny), label, probability)


def last_map(classify: Classify, network: nn.Module, clip: Tensor) -> nn.Module:
    """Find the last layer with a map of more than one position: the end of the last stage.

    Args:
        classify: The network, which runs once.
        network: The module that contains the layer.
        clip: uint8 0-255, (T, 3, H, W).

    Raises:
        RunError: If there is no such layer.
    """
    found = layers_with_maps(classify, network, clip)
    if not found:
        raise RunError(
            f"{type(network).__name__}: no layer has a map of more than one position, so Grad-CAM "
            "has nothing to show; use larger frames"
        )
    return found[-1]


def layers_with_maps(classify: Classify, network: nn.Module, clip: Tensor) -> list[nn.Module]:
    """List the layers with a map of more than one position, in the order of their calls.

    Args:
        classify: The network, which runs once.
        network: The module that contains the layers.
        clip: uint8 0-255, (T, 3, H, W).
    """
    found: list[nn.Module] = []

    def keep(module: nn.Module, _: object, output: object) -> None:
        if isinstance(output, Tensor) and _is_map(output, len(clip)):
            found.append(module)

    handles = [module.register_forward_hook(keep) for module in network.modules()]
    try:
        with torch.no_grad():
            classify(clip[None])
    finally:
        for handle in handles:
            handle.remove()
    return found


def _is_map(output: Tensor, num_frames: int) -> bool:
    folded = output.ndim == 4 and len(output) == num_frames  # (T, C, h, w)
    volume = output.ndim == 5 and len(output) == 1  # (1, C, T', h, w)
    return (folded or volume) and output.shape[-2] * output.shape[-1] > 1


def _by_frame(x: Tensor) -> Tensor:
    """Order a map by frames: (T, C, h, w), or (1, C, T', h, w) -> (T', C, h, w)."""
    return x[0].transpose(0, 1) if x.ndim == 5 else x
