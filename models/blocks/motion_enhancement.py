"""MEM, TEINet's Motion Enhanced Module (Liu et al., AAAI 2020, section 3.1)."""

from typing import Literal

import torch
from torch import Tensor, nn

from models import native
from models.blocks.depthwise_temporal_conv import DepthwiseTemporalConv
from models.blocks.folding import require_successor, unfold_time
from models.blocks.pooled_conv import apply_1x1
from models.blocks.reduction import reduced_channels
from models.errors import require_choice

Gate = Literal["paper", "centred"]
GATE_SCALE: dict[Gate, float] = {"paper": 1.0, "centred": 2.0}


class MotionEnhancement(nn.Module):
    """Weight each channel of frame t by how its spatial mean changes towards frame t+1.

    s_t = conv1(x^_t) - conv2(x^_{t+1})   (equation 1; x^ is the spatial mean)
    s^_t = sigmoid(conv3(s_t))            (equation 2)
    u_t = s^_t * x_t for t < T, u_T = x_T (equation 3)

    Args:
        channels: C.
        num_segments: T, the frames of one clip.
        reduction: r = 8, section 3.1: conv1 and conv2 map C -> C/r, conv3 maps back.
        bias: Whether the three 1x1 convolutions have biases; the equations do not show them
            (**paper leaves open**).
        gate: ``paper`` is equation 3: gates start near 0.5, so every frame but the last is halved
            before weights that were trained without gates. ``centred`` is 2 * sigmoid, which
            starts near 1 (**not in the paper**).
        norm: Whether batch normalisation and ReLU follow each of the three convolutions. The
            equations do not show them; the public code that is closest to the authors' has them,
            without biases. The printed 30.4 M parameters of TEINet fit both: biases without
            norms give 30.36 M, norms without biases 30.37 M (**paper leaves open**).

    Raises:
        ModelError: If ``num_segments`` is below 2: a single frame shows no motion; or
            if ``gate`` is unknown, or ``reduction`` leaves no channel.
    """

    def __init__(
        self,
        channels: int,
        num_segments: int = 8,
        reduction: int = 8,
        bias: bool = True,
        gate: Gate = "paper",
        norm: bool = False,
    ) -> None:
        super().__init__()
        require_choice("gate", gate, Gate)
        self.num_segments = require_successor(num_segments)
        self.gate_scale = GATE_SCALE[gate]
        reduced = reduced_channels(channels, reduction)
        self.conv1 = nn.Conv2d(channels, reduced, 1, bias=bias)
        self.conv2 = nn.Conv2d(channels, reduced, 1, bias=bias)
        self.conv3 = nn.Conv2d(reduced, channels, 1, bias=bias)
        self.norm1, self.norm2, self.norm3 = (
            nn.Sequential(nn.BatchNorm2d(width), nn.ReLU()) if norm else nn.Identity()
            for width in (reduced, reduced, channels)
        )

    def motion_gates(self, x: Tensor) -> Tensor:
        """Compute the gates s^ of equation 2 for the frames that have a successor.

        Args:
            x: (B*T, C, H, W).

        Returns:
            (B, T-1, C, 1, 1).
        """
        pooled = unfold_time(x.mean((2, 3)), self.num_segments)  # (B, T, C)
        current, following = pooled[:, :-1].flatten(0, 1), pooled[:, 1:].flatten(0, 1)
        squeezed = self.norm1(apply_1x1(self.conv1, current))  # (B*(T-1), C/r, 1, 1)
        change = squeezed - self.norm2(apply_1x1(self.conv2, following))
        gate = self.gate_scale * torch.sigmoid(self.norm3(apply_1x1(self.conv3, change.flatten(1))))
        return gate.unflatten(0, (-1, self.num_segments - 1))

    def gates(self, x: Tensor) -> Tensor:
        """Compute the gates of all frames, with 1 for each clip's last frame (equation 3).

        Args:
            x: (B*T, C, H, W).

        Returns:
            (B*T, C, 1, 1).
        """
        layers = [(conv.weight, conv.bias) for conv in (self.conv1, self.conv2, self.conv3)]
        parameters = [parameter for layer in layers for parameter in layer]
        if self._is_plain(x) and native.runs_now(x, *parameters):
            unfold_time(x, self.num_segments)  # refuses a clip that is cut
            return native.motion_gates(x, self.num_segments, layers, self.gate_scale)
        gate = self.motion_gates(x)
        return torch.cat([gate, torch.ones_like(gate[:, :1])], dim=1).flatten(0, 1)

    def _is_plain(self, x: Tensor) -> bool:
        """Tell whether the parts and the shape are those that the kernel takes."""
        norms = (self.norm1, self.norm2, self.norm3)
        is_fit = x.ndim == 4 and x.shape[1] == self.conv1.in_channels
        has_norms = any(type(norm) is not nn.Identity for norm in norms)
        return is_fit and not has_norms and not native.are_watched(*norms)

    def forward(self, x: Tensor, then: DepthwiseTemporalConv | None = None) -> Tensor:
        """Enhance: (B*T, C, H, W) -> (B*T, C, H, W).

        Args:
            x: Folded frames.
            then: A temporal convolution of the enhanced frames, taken in the same pass.
        """
        gates = self.gates(x)
        if then is None:
            return x * gates
        interacted: Tensor = then(x, gates)
        return interacted
