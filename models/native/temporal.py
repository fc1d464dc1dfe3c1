"""MEM's gates, the temporal convolution and CTI, of frames that `library.runs_now` accepts."""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from models.native.library import call, has_kernels

Layer = tuple[Tensor, Tensor | None]
"""Weight and bias of a matrix product, (C', C, ...) and (C')."""


def motion_gates(x: Tensor, num_segments: int, layers: Sequence[Layer], scale: float) -> Tensor:
    """Compute MEM's gates of all frames.

    Args:
        x: (B*T, C, H, W).
        num_segments: T.
        layers: conv1 and conv2, C -> C/r, and conv3.
        scale: Of the sigmoid.

    Returns:
        (B*T, C, 1, 1), 1 for each clip's last frame.
    """
    gates = x.new_empty(*x.shape[:2], 1, 1)
    products: list[Tensor | None] = []
    for weight, bias in layers:
        products += [_rows(weight), _row(bias)]
    sizes = *_sizes(x, num_segments), x.shape[1], len(layers[0][0])
    call("motion_gates", x, gates, *sizes, *products, scale)
    return gates


def convolve_over_time(
    x: Tensor, num_segments: int, kernels: Tensor, gates: Tensor | None
) -> Tensor:
    """Convolve ``gates * x`` over time.

    Args:
        x: (B*T, C, H, W).
        num_segments: T.
        kernels: Over the frames t-1, t and t+1, (C, 1, 3, 1).
        gates: (B*T, C, 1, 1), or None for ones.
    """
    y = torch.empty_like(x)
    factors = None if gates is None else _rows(gates)
    sizes = *_sizes(x, num_segments), x.shape[1]
    call("convolve_over_time", x, _rows(kernels), factors, y, *sizes)
    return y


@cache
def can_project() -> bool:
    """Tell whether the two kernels that end with a 1x1 convolution are fast here: x86 with FMA."""
    return has_kernels() and bool(call("can_project"))


def convolve_and_project(
    x: Tensor, num_segments: int, kernels: Tensor, gates: Tensor | None, weight: Tensor
) -> Tensor:
    """Convolve ``gates * x`` over time, then apply a 1x1 convolution, in one pass over x.

    Args:
        x: (B*T, C, H, W).
        num_segments: T.
        kernels: Over the frames t-1, t and t+1, (C, 1, 3, 1).
        gates: (B*T, C, 1, 1), or None for ones.
        weight: (C', C, 1, 1).

    Returns:
        (B*T, C', H, W).
    """
    y = _new_frames(x, len(weight))
    factors = None if gates is None else _rows(gates)
    sizes = *_sizes(x, num_segments), x.shape[1], len(weight)
    call("convolve_and_project", x, _rows(kernels), factors, _rows(weight), y, *sizes)
    return y


def shift_and_project(x: Tensor, num_segments: int, fold: int, weight: Tensor) -> Tensor:
    """Apply TSM's shift, then a 1x1 convolution, in one pass over x.

    Args:
        x: (B*T, C, H, W).
        num_segments: T.
        fold: Channels that come from the next frame; as many come from the previous one.
        weight: (C', C, 1, 1).

    Returns:
        (B*T, C', H, W).
    """
    y = _new_frames(x, len(weight))
    sizes = *_sizes(x, num_segments), x.shape[1], len(weight)
    call("shift_and_project", x, fold, _rows(weight), y, *sizes)
    return y


def cross_integration(
    x: Tensor, num_segments: int, weights: Sequence[Tensor], biases: Sequence[Tensor]
) -> Tensor:
    """Compute CTI with cross attention.

    Args:
        x: (B*T, C, H, W).
        num_segments: T.
        weights: G - 1 temporal kernels, (C/G, 1, 3, 1) each, then the attentions' G - 2 products,
            (2C/G, C/G) each.
        biases: Of the attentions, (2C/G) each.
    """
    y = torch.empty_like(x)
    groups = len(biases) + 2
    sizes = *_sizes(x, num_segments), groups, x.shape[1] // groups
    rows, bias_rows = list(map(_rows, weights)), [bias.contiguous() for bias in biases]
    call("cross_integration", x, y, *sizes, rows[: groups - 1], rows[groups - 1 :], bias_rows)
    return y


def salient_motion_gates(
    x: Tensor, current: Tensor, aligned: Tensor, kernels: Sequence[Tensor], layer: Layer
) -> Tensor:
    """Compute 1 + sigmoid(W mean(M) + b), SME's weights of the channels.

    Args:
        x: (B*T, C, H, W).
        current: Frames t, (B, T-1, C/r, H, W).
        aligned: Aligned frames t+1, likewise.
        kernels: Of the pyramid, (C/r, 1, 3, 3) each.
        layer: Recovers the channels, C/r -> C.

    Returns:
        (B*T, C, 1, 1).
    """
    gates = x.new_empty(*x.shape[:2], 1, 1)
    pairs = [
        frames.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        for frames in (current, aligned)
    ]
    clips, successors, reduced, height, width = current.shape
    sizes = clips, successors + 1, height, width, reduced, x.shape[1], len(kernels)
    rows = [_rows(kernel) for kernel in kernels]
    call("salient_motion_gates", *pairs, gates, *sizes, rows, _rows(layer[0]), _row(layer[1]))
    return gates


def _new_frames(x: Tensor, channels: int) -> Tensor:
    shape = len(x), channels, *x.shape[2:]
    return torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)


def _sizes(x: Tensor, num_segments: int) -> tuple[int, int, int]:
    """Return clips, frames of a clip and positions."""
    return len(x) // num_segments, num_segments, x.shape[2] * x.shape[3]


def _row(bias: Tensor | None) -> Tensor | None:
    return None if bias is None else bias.contiguous()


def _rows(weight: Tensor) -> Tensor:
    """Give a weight of any layout row after row."""
    return weight.flatten(1).contiguous()
