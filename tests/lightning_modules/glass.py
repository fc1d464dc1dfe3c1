"""A network of blocks whose readings are known in advance, and its batches."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from lightning_modules.video_recognizer import VideoBatch

T = 4
GATE = 0.25


class Gate(nn.Module):
    """Has gates that are known in advance: 0.25 plus the clip's number in its batch."""

    def forward(self, x: Tensor) -> Tensor:
        return x

    def motion_gates(self, x: Tensor) -> Tensor:
        clips = x.unflatten(0, (-1, T))
        number = torch.arange(len(clips)).view(-1, 1, 1, 1, 1)
        return GATE + number.expand(-1, T - 1, x.shape[1], 1, 1)


class Kernels(nn.Module):
    """Has kernels that are 0.3 away from their start in one of three taps."""

    def forward(self, x: Tensor) -> Tensor:
        return x

    def temporal_kernels(self) -> Tensor:
        return self.initial_kernels() + torch.tensor([0.3, 0.0, 0.0])

    def initial_kernels(self) -> Tensor:
        return torch.tensor([0.0, 1.0, 0.0]).expand(5, 3)


class Align(nn.Module):
    """Attends evenly; says whether it aligns."""

    def __init__(self, aligns: bool = True) -> None:
        super().__init__()
        self.aligns = aligns

    def forward(self, current: Tensor, following: Tensor) -> Tensor:
        return current

    def attention(self, current: Tensor, following: Tensor) -> Tensor:
        positions = current[0, 0].numel()
        return torch.full((len(current), positions, positions), 1 / positions)

    def saliency(self, current: Tensor, following: Tensor) -> Tensor:
        return following


class Stage(nn.Module):
    """One block of each kind."""

    def __init__(self, aligns: bool) -> None:
        super().__init__()
        self.gate, self.kernels, self.align = Gate(), Kernels(), Align(aligns)

    def forward(self, x: Tensor) -> Tensor:
        x = self.kernels(self.gate(x))
        video = x.unflatten(0, (-1, T))
        self.align(video[:, :-1].flatten(0, 1), video[:, 1:].flatten(0, 1))
        return x


class Glass(nn.Module):
    """Logits that can be computed by hand: (-mean, +mean, 0) of a normalised clip."""

    def __init__(self, aligns: bool = True) -> None:
        super().__init__()
        self.stage1, self.stage2 = Stage(aligns), Stage(aligns)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, clips: Tensor) -> Tensor:
        frames = self.stage2(self.stage1(clips.flatten(0, 1)))
        mean = frames.unflatten(0, (-1, T)).mean((1, 2, 3, 4)) * self.scale
        return torch.stack([-mean, mean, torch.zeros_like(mean)], dim=1)


def views_of(grey: int) -> Tensor:
    """Make one video's single view of one grey value, (1, 1, T, 3, 6, 6)."""
    return torch.full((1, 1, T, 3, 6, 6), grey, dtype=torch.uint8)


def batch_of(greys: list[int], labels: list[int]) -> VideoBatch:
    """Make a validation batch of one-view videos named after their grey values."""
    return VideoBatch(
        clips=torch.cat([views_of(grey) for grey in greys]),
        label=torch.tensor(labels),
        index=torch.arange(len(greys)),
        path=[f"videos/{grey}.mp4" for grey in greys],
    )


def loader_of(batches: list[VideoBatch]) -> DataLoader[VideoBatch]:
    """Serve finished batches."""
    return DataLoader(cast(Dataset[VideoBatch], batches), batch_size=None)


VALIDATION = [batch_of([0, 255, 10], [0, 0, 0]), batch_of([250, 240], [1, 2])]
