"""Parts of the channels one frame earlier or later, each value written once."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def shift_frames(video: Tensor, fold: int, step: int) -> Tensor:
    """Let the first ``fold`` channels show frame t + step, the second t - step, the rest t.

    Args:
        video: (B, T, C, H, W), in any memory layout.
        fold: At most C/2.
        step: 1 or -1.

    Returns:
        (B, T, C, H, W), zeros where there is no such frame.
    """
    if torch.compiler.is_compiling():
        return fusible_shift(video, fold, step)
    shifted: Tensor = fused_shift(video, fold, step)
    return shifted


def fusible_shift(video: Tensor, fold: int, step: int) -> Tensor:
    """Compute the same in operations that a compiler makes one pass of; also the tests' reference.

    Args:
        video: (B, T, C, H, W).
        fold: At most C/2.
        step: 1 or -1.
    """
    padded = F.pad(video, (0, 0, 0, 0, 0, 0, 1, 1))  # a frame of zeros at both ends
    earlier, later = padded[:, :-2], padded[:, 2:]
    first, second = (later, earlier) if step == 1 else (earlier, later)
    parts = [first[:, :, :fold], second[:, :, fold : 2 * fold], video[:, :, 2 * fold :]]
    return torch.cat(parts, dim=2)


@torch.library.custom_op("temporal_shift::shift", mutates_args=())
def fused_shift(video: Tensor, fold: int, step: int) -> Tensor:
    """Compute the same into one output.

    Args:
        video: (B, T, C, H, W).
        fold: At most C/2.
        step: 1 or -1.
    """
    shifted = torch.empty_like(video)
    first, second = slice(fold), slice(fold, 2 * fold)
    later, earlier = (first, second) if step == 1 else (second, first)
    shifted[:, :-1, later] = video[:, 1:, later]
    shifted[:, -1, later] = 0
    shifted[:, 1:, earlier] = video[:, :-1, earlier]
    shifted[:, 0, earlier] = 0
    shifted[:, :, 2 * fold :] = video[:, :, 2 * fold :]
    return shifted


@fused_shift.register_fake
def _(video: Tensor, fold: int, step: int) -> Tensor:
    return torch.empty_like(video)


def _keep_shift(ctx: Any, inputs: tuple[Tensor, int, int], output: Tensor) -> None:
    _, ctx.fold, ctx.step = inputs


def _shift_back(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
    return shift_frames(grad, ctx.fold, -ctx.step), None, None


fused_shift.register_autograd(_shift_back, setup_context=_keep_shift)
