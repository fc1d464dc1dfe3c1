"""The temporal modules as code for papers usually writes them, for timing and as references.

Written from the equations: frames are reshaped and copied so that time is the last axis of a
`Conv1d` (or the first one of a `Conv3d`), shifts start from zeros, and attention maps are stored.
Parameters have the names of `models.blocks`; temporal kernels have their convolutions' shapes.
All modules map (B*T, C, H, W) to the same shape.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PublicShift(nn.Module):
    """TSM's shift: zeros, then three copies."""

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.frames, self.fold = frames, channels // 8

    def forward(self, x: Tensor) -> Tensor:
        """Shift."""
        video = x.reshape(-1, self.frames, *x.shape[1:])
        fold, out = self.fold, torch.zeros_like(video)
        out[:, :-1, :fold] = video[:, 1:, :fold]
        out[:, 1:, fold : 2 * fold] = video[:, :-1, fold : 2 * fold]
        out[:, :, 2 * fold :] = video[:, :, 2 * fold :]
        return out.reshape(x.shape)


class PublicConv1d(nn.Module):
    """A depth-wise temporal convolution as `Conv1d` over the frames of every position."""

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.frames = frames
        self.weight = nn.Parameter(torch.empty(channels, 1, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve over time."""
        _, channels, height, width = x.shape
        video = x.reshape(-1, self.frames, channels, height, width).permute(0, 3, 4, 2, 1)
        rows = video.reshape(-1, channels, self.frames)  # (B*H*W, C, T)
        rows = F.conv1d(rows, self.weight, padding=1, groups=channels)
        video = rows.reshape(-1, height, width, channels, self.frames).permute(0, 4, 3, 1, 2)
        return video.reshape(x.shape)


class PublicConv3d(nn.Module):
    """A depth-wise temporal convolution as `Conv3d` with kernels of 3 x 1 x 1."""

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.frames = frames
        self.weight = nn.Parameter(torch.empty(channels, 1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve over time."""
        channels = x.shape[1]
        video = x.reshape(-1, self.frames, *x.shape[1:]).transpose(1, 2)  # (B, C, T, H, W)
        video = F.conv3d(video, self.weight, padding=(1, 0, 0), groups=channels)
        return video.transpose(1, 2).reshape(x.shape)


class PublicMem(nn.Module):
    """MEM, TEINet's equations 1-3: 1x1 convolutions of the pooled frames, gates, a product."""

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.frames = frames
        self.conv1 = nn.Conv2d(channels, channels // 8, 1)
        self.conv2 = nn.Conv2d(channels, channels // 8, 1)
        self.conv3 = nn.Conv2d(channels // 8, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Enhance."""
        pooled = F.adaptive_avg_pool2d(x, 1).reshape(-1, self.frames, x.shape[1], 1, 1)
        current, following = pooled[:, :-1].flatten(0, 1), pooled[:, 1:].flatten(0, 1)
        gates = torch.sigmoid(self.conv3(self.conv1(current) - self.conv2(following)))
        gates = gates.reshape(-1, self.frames - 1, *gates.shape[1:])
        gates = torch.cat([gates, torch.ones_like(gates[:, :1])], dim=1)
        return x * gates.flatten(0, 1)


class PublicTei(nn.Module):
    """MEM, then TIM."""

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.mem = PublicMem(channels, frames)
        self.tim = PublicConv1d(channels, frames)

    def forward(self, x: Tensor) -> Tensor:
        """Enhance and interact."""
        interacted: Tensor = self.tim(self.mem(x))
        return interacted


class PublicPyramid(nn.Module):
    """SME's equations 3-4: a pyramid of differences."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
            for _ in range(4)
        )

    def forward(self, current: Tensor, aligned: Tensor) -> Tensor:
        """Sum the differences."""
        level = torch.zeros_like(aligned)
        total = torch.zeros_like(aligned)
        for conv in self.convs:
            level = conv(level + aligned)
            total = total + level - current
        return total


class PublicSme(nn.Module):
    """SME, TSI's equations 1-6: stored attention maps, channels recovered before the mean."""

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.frames = frames
        reduced = channels // 16
        self.reduce = nn.Conv2d(channels, reduced, 1, bias=False)
        self.norm = nn.BatchNorm2d(reduced)
        self.motion = PublicPyramid(reduced)
        self.excite = nn.ModuleDict({"recover": nn.Conv2d(reduced, channels, 1)})

    def forward(self, x: Tensor) -> Tensor:
        """Excite."""
        small = self.norm(self.reduce(x))
        video = small.reshape(-1, self.frames, *small.shape[1:])
        current, following = video[:, :-1].flatten(0, 1), video[:, 1:].flatten(0, 1)
        query, key = current.flatten(2).transpose(1, 2), following.flatten(2)
        maps = torch.softmax(torch.bmm(query, key) / math.sqrt(key.shape[1]), dim=2)
        salient = torch.bmm(maps, key.transpose(1, 2)).transpose(1, 2).reshape(following.shape)
        motion = self.motion(current, following * salient)
        motion = motion.reshape(-1, self.frames - 1, *motion.shape[1:])
        motion = torch.cat([motion, torch.zeros_like(motion[:, :1])], dim=1).flatten(0, 1)
        recovered = F.adaptive_avg_pool2d(self.excite["recover"](motion), 1)
        return x + x * torch.sigmoid(recovered)


class PublicIntegration(nn.Module):
    """CTI's equations 8-9."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Linear(channels, 2 * channels)

    def forward(self, previous: Tensor, group: Tensor) -> Tensor:
        """Weigh the two."""
        pooled = F.adaptive_avg_pool2d(previous + group, 1).flatten(1)
        alpha = torch.softmax(self.fc(pooled).reshape(len(pooled), 2, -1), dim=1)
        of_group, of_previous = alpha[:, 0, :, None, None], alpha[:, 1, :, None, None]
        return of_group * group + of_previous * previous


class PublicCti(nn.Module):
    """CTI, TSI's equation 7 with 4 groups."""

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        width = channels // 4
        self.convs = nn.ModuleList(PublicConv1d(width, frames) for _ in range(3))
        self.integrations = nn.ModuleList(PublicIntegration(width) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """Integrate."""
        first, second, third, fourth = x.chunk(4, dim=1)
        second = self.convs[0](second)
        third = self.convs[1](self.integrations[0](second, third))
        fourth = self.convs[2](self.integrations[1](third, fourth))
        return torch.cat([first, second, third, fourth], dim=1)


class PublicTsi(nn.Module):
    """SME, then CTI."""

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.sme = PublicSme(channels, frames)
        self.cti = PublicCti(channels, frames)

    def forward(self, x: Tensor) -> Tensor:
        """Excite and integrate."""
        integrated: Tensor = self.cti(self.sme(x))
        return integrated
