"""The depth-wise temporal convolution that TIM and CTI share, and its shift-like initialisation."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models import native
from models.blocks.folding import unfold_time
from models.blocks.temporal_taps import convolve_with_taps

KERNEL_SIZE = 3
"""Frames t-1, t and t+1: both papers use kernels of 3."""


def shift_kernel(channels: int, fold_div: int = 8) -> Tensor:
    """Make one-hot temporal kernels that act as TSM's shift.

    The first C/fold_div channels read the next frame, as many the previous one, the rest their
    own (TEINet, section 3.2, Discussion: TSM is a channel-wise convolution of such kernels).

    Args:
        channels: C.
        fold_div: The share of channels that read the next frame is 1/``fold_div``.

    Returns:
        Kernels over the frames (t-1, t, t+1), (C, 3).
    """
    fold = channels // fold_div
    kernel = torch.zeros(channels, KERNEL_SIZE)
    kernel[:fold, 2] = 1
    kernel[fold : 2 * fold, 0] = 1
    kernel[2 * fold :, 1] = 1
    return kernel


class DepthwiseTemporalConv(nn.Module):
    """A temporal convolution with one kernel per channel, no bias, zero padding.

    It starts as a shift, see `shift_kernel`: the papers say "special initialization" only (TSI,
    section 4.4), and the shift is what the public code of this field uses (**paper leaves open**).

    Args:
        channels: C.
        num_segments: T, the frames of one clip.
        fold_div: See `shift_kernel`.
    """

    def __init__(self, channels: int, num_segments: int, fold_div: int = 8) -> None:
        super().__init__()
        self.channels = channels
        self.num_segments = num_segments
        self.fold_div = fold_div
        self.weight = nn.Parameter(torch.empty(channels, 1, KERNEL_SIZE, 1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set every kernel to its part of the shift."""
        with torch.no_grad():
            self.weight.copy_(self.initial_kernels()[:, None, :, None])

    def initial_kernels(self) -> Tensor:
        """Return the initial kernels, (C, 3)."""
        return shift_kernel(self.channels, self.fold_div)

    def temporal_kernels(self) -> Tensor:
        """Return the current kernels, (C, 3), over the frames (t-1, t, t+1)."""
        return self.weight.detach().flatten(1)

    def forward(self, x: Tensor, gates: Tensor | None = None) -> Tensor:
        """Convolve over time: (B*T, C, H, W) -> (B*T, C, H, W).

        Args:
            x: Folded frames.
            gates: Convolve ``gates * x`` in the same pass, (B*T, C, 1, 1).
        """
        if self._has_shapes(x, gates) and native.runs_now(x, self.weight, gates):
            unfold_time(x, self.num_segments)  # refuses a clip that is cut
            return native.convolve_over_time(x, self.num_segments, self.weight, gates)
        if gates is not None:
            video = unfold_time(x, self.num_segments)
            return convolve_with_taps(video, self._gated_taps(gates)).flatten(0, 1)
        height, width = x.shape[-2:]
        # Time and space become the two axes of an image. In channels_last this is a view.
        video = unfold_time(x.permute(0, 2, 3, 1), self.num_segments)  # (B, T, H, W, C)
        image = video.flatten(2, 3).permute(0, 3, 1, 2)  # (B, C, T, H*W)
        image = F.conv2d(image, self.weight, padding=(1, 0), groups=self.channels)
        video = image.permute(0, 2, 3, 1).unflatten(2, (height, width))
        return video.flatten(0, 1).permute(0, 3, 1, 2)

    def project(self, x: Tensor, weight: Tensor, gates: Tensor | None = None) -> Tensor:
        """Convolve over time, then apply a 1x1 convolution, by a kernel; see `apply_before`.

        Args:
            x: Folded frames, (B*T, C, H, W).
            weight: (C', C, 1, 1).
            gates: As in `forward`.

        Returns:
            (B*T, C', H, W).
        """
        unfold_time(x, self.num_segments)  # refuses a clip that is cut
        return native.convolve_and_project(x, self.num_segments, self.weight, gates, weight)

    def can_project(self, x: Tensor) -> bool:
        """Tell whether `project` takes frames of this shape."""
        return self._has_shapes(x, None)

    def _has_shapes(self, x: Tensor, gates: Tensor | None) -> bool:
        """Tell whether the shapes are those that the kernel takes."""
        is_fit = x.ndim == 4 and self.weight.shape == (x.shape[1], 1, KERNEL_SIZE, 1)
        return is_fit and (gates is None or gates.shape == (*x.shape[:2], 1, 1))

    def _gated_taps(self, gates: Tensor) -> Tensor:
        """Multiply each tap by the gate of the frame that it looks at, (3, B, T, C)."""
        own = unfold_time(gates.flatten(1), self.num_segments)  # (B, T, C)
        # What wraps around meets the zeros beyond a clip's ends.
        seen = torch.stack([own.roll(1, dims=1), own, own.roll(-1, dims=1)])
        return self.weight.flatten(1).t()[:, None, None] * seen

    def extra_repr(self) -> str:
        """Show C and T in the printed network."""
        return f"{self.channels}, num_segments={self.num_segments}"
