"""Kernels of temporal modules, for frames that `library.runs_now` accepts.

They are MEM's gates, the temporal convolution, CTI, SME's weights of the channels, and TSM's shift
or the temporal convolution followed by a 1x1 convolution. All raise RuntimeError, as torch does, if
a weight does not have the stated shape and type: a kernel must not read beyond it.
"""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from models.native.library import call, has_kernels

FEWEST_CHANNELS, LARGEST_WEIGHT = 64, 2**20
"""With fewer channels or more weights, torch's convolution is faster: docs/performance.md."""

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
    channels, reduced = x.shape[1], len(layers[0][0])
    shapes = (reduced, channels), (reduced, channels), (channels, reduced)
    products: list[Tensor | None] = []
    for (weight, bias), shape in zip(layers, shapes, strict=True):
        products += [_rows(weight, *shape), _row(bias, shape[0])]
    sizes = *_sizes(x, num_segments), channels, reduced
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
    call(
        "convolve_over_time", x, *_taps(x, kernels, gates), y, *_sizes(x, num_segments), x.shape[1]
    )
    return y


def can_project(x: Tensor, weight: Tensor) -> bool:
    """Tell whether the kernels that end with a 1x1 convolution are faster than torch's here.

    Args:
        x: (B*T, C, H, W).
        weight: (C', C, 1, 1).
    """
    suits = x.shape[1] >= FEWEST_CHANNELS and weight.numel() <= LARGEST_WEIGHT
    return suits and _has_tiles()


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
    y, rows = _projected(x, weight)
    sizes = *_sizes(x, num_segments), x.shape[1], len(weight)
    call("convolve_and_project", x, *_taps(x, kernels, gates), rows, y, *sizes)
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
    y, rows = _projected(x, weight)
    sizes = *_sizes(x, num_segments), x.shape[1], len(weight)
    call("shift_and_project", x, fold, rows, y, *sizes)
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
    width = x.shape[1] // groups
    kernels = [_rows(weight, width, 3) for weight in weights[: groups - 1]]
    products = [_rows(weight, 2 * width, width) for weight in weights[groups - 1 :]]
    rows = [_rows(bias[:, None], 2 * width, 1) for bias in biases]
    sizes = *_sizes(x, num_segments), groups, width
    call("cross_integration", x, y, *sizes, kernels, products, rows)
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
    rows = [_rows(kernel, reduced, 9) for kernel in kernels]
    product = _rows(layer[0], x.shape[1], reduced), _row(layer[1], x.shape[1])
    call("salient_motion_gates", *pairs, gates, *sizes, rows, *product)
    return gates


@cache
def _has_tiles() -> bool:
    """Tell whether the processor is one that these kernels are made for: x86 with FMA."""
    return has_kernels() and bool(call("has_tiles"))


def _projected(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Make room for what a 1x1 convolution gives, and lay out its weight."""
    outputs = len(weight)
    shape = len(x), outputs, *x.shape[2:]
    y = torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
    return y, _rows(weight, outputs, x.shape[1])


def _taps(x: Tensor, kernels: Tensor, gates: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Lay out temporal kernels and gates."""
    return _rows(kernels, x.shape[1], 3), None if gates is None else _rows(gates, *x.shape[:2])


def _sizes(x: Tensor, num_segments: int) -> tuple[int, int, int]:
    """Return clips, frames of a clip and positions."""
    return len(x) // num_segments, num_segments, x.shape[2] * x.shape[3]


def _row(bias: Tensor | None, length: int) -> Tensor | None:
    return None if bias is None else _rows(bias[:, None], length, 1)


def _rows(weight: Tensor, *shape: int) -> Tensor:
    """Give a weight of any layout row after row."""
    rows = weight.flatten(1)
    if rows.shape != shape or rows.dtype != torch.float32:
        found = f"{tuple(rows.shape)} and type {rows.dtype}"
        raise RuntimeError(f"a weight of shape {found} is given, {shape} in float32 is needed")
    return rows.contiguous()
