"""A temporal convolution of three taps that may differ from clip to clip and frame to frame.

y[t] = taps[0, t] * x[t-1] + taps[1, t] * x[t] + taps[2, t] * x[t+1], zeros beyond both ends, with
one number per clip, frame and channel in ``taps``. With taps made of a kernel and of the gates of
frames t-1, t and t+1, gating and temporal convolution are one pass over x instead of two.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import register_flop_formula

CPU_CHUNK_BYTES = 2**22
"""On a CPU, x is taken in parts that stay in the cache until all three taps are added."""


def convolve_with_taps(video: Tensor, taps: Tensor) -> Tensor:
    """Convolve over time; x and the taps alone are kept for the backward pass.

    Args:
        video: (B, T, C, H, W), in any memory layout.
        taps: Of the previous, the own and the next frame, (3, B, T, C); computed with in the type
            of ``video``. The first frame's previous and the last one's next tap count for nothing.

    Returns:
        (B, T, C, H, W), in the memory layout of ``video``.
    """
    # On a CPU, Inductor's one loop takes more than twice as long as the three passes.
    fuses = torch.compiler.is_compiling() and video.device.type != "cpu"
    if fuses or torch.compiler.is_exporting():
        return fusible_taps(video, taps)
    convolved: Tensor = fused_taps(video, taps)
    return convolved


def fusible_taps(video: Tensor, taps: Tensor) -> Tensor:
    """Compute the same in operations that a compiler makes one pass of; also the tests' reference.

    Args:
        video: (B, T, C, H, W).
        taps: (3, B, T, C).
    """
    previous, own, following = _spread(taps, video)
    padded = F.pad(video, (0, 0, 0, 0, 0, 0, 1, 1))  # a frame of zeros at both ends
    return own * video + previous * padded[:, :-2] + following * padded[:, 2:]


@torch.library.custom_op("temporal_taps::convolve", mutates_args=())
def fused_taps(video: Tensor, taps: Tensor) -> Tensor:
    """Compute the same into one output, without copies of the shifted frames.

    Args:
        video: (B, T, C, H, W).
        taps: (3, B, T, C).
    """
    previous, own, following = _spread(taps, video)
    output = torch.empty_like(video)
    rows = _rows_at_once(video)
    for x, y in zip(video.split(rows, 3), output.split(rows, 3), strict=True):
        torch.mul(x, own, out=y)
        y[:, 1:].addcmul_(x[:, :-1], previous[:, 1:])
        y[:, :-1].addcmul_(x[:, 1:], following[:, :-1])
    return output


@fused_taps.register_fake
def _(video: Tensor, taps: Tensor) -> Tensor:
    return torch.empty_like(video)


def _keep_inputs(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
    video, taps = ctx.saved_tensors
    grad_video, grad_taps = None, None
    if ctx.needs_input_grad[0]:
        previous, own, following = taps
        # What frame t gives to t+1 is the previous tap of t+1; what wraps around is never read.
        turned = torch.stack([following.roll(1, dims=1), own, previous.roll(-1, dims=1)])
        grad_video = convolve_with_taps(grad, turned)
    if ctx.needs_input_grad[1]:
        grad_taps = torch.stack(
            [
                F.pad(_inner_products(video[:, :-1], grad[:, 1:], taps.dtype), (0, 0, 1, 0)),
                _inner_products(video, grad, taps.dtype),
                F.pad(_inner_products(video[:, 1:], grad[:, :-1], taps.dtype), (0, 0, 0, 1)),
            ]
        )
    return grad_video, grad_taps


fused_taps.register_autograd(_backward, setup_context=_keep_inputs)


@register_flop_formula(torch.ops.temporal_taps.convolve)
def _count_flops(video: tuple[int, ...], *args: Any, out_shape: Any = None, **kwargs: Any) -> int:
    """Count as a convolution of three taps does: two operations each."""
    return 2 * 3 * torch.Size(video).numel()


def _spread(taps: Tensor, video: Tensor) -> Tensor:
    """Give each tap the axes of the positions, (3, B, T, C, 1, 1)."""
    return taps.to(video.dtype)[..., None, None]


def _rows_at_once(video: Tensor) -> int:
    height = video.shape[3]
    if video.device.type != "cpu":
        return height
    return max(1, height * CPU_CHUNK_BYTES // max(1, video.nbytes))


def _inner_products(x: Tensor, grad: Tensor, dtype: torch.dtype) -> Tensor:
    """Sum products over the positions, (B, T, C, H, W) twice -> (B, T, C)."""
    return (x * grad).sum((3, 4), dtype=dtype)
