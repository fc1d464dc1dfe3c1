"""Shared by the tests of `models`: a fixed seed and ways to leave initialisation."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from models.backbones import BACKBONES
from models.backbones.resnet import ResNetBackbone, TemporalBasicBlock, TemporalBottleneck


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Draw the same numbers in every run."""
    torch.manual_seed(0)


@pytest.fixture
def tiny_backbones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know two more backbones of five blocks: the same code at a fraction of the time."""
    layers = (2, 1, 1, 1)
    basic = ResNetBackbone("tiny basic", TemporalBasicBlock, layers)
    narrow = ResNetBackbone("tiny bottleneck", TemporalBottleneck, layers, width_per_group=32)
    for backbone in (basic, narrow):
        monkeypatch.setitem(BACKBONES, backbone.name, backbone)


@pytest.fixture
def shake() -> Callable[[nn.Module], None]:
    """Return a function that randomises every parameter and statistic of a module."""

    def draw(module: nn.Module) -> None:
        for parameter in module.parameters():
            nn.init.normal_(parameter)
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                nn.init.normal_(buffer)
            elif name.endswith("running_var"):
                nn.init.uniform_(buffer, 0.5, 2)

    return draw


@pytest.fixture
def frames_that_change() -> Callable[[nn.Module, torch.Tensor, int], set[int]]:
    """Return a function that shows which frames of the output answer to one frame of the input."""

    def disturb(module: nn.Module, x: torch.Tensor, frame: int) -> set[int]:
        disturbed = x.clone()
        disturbed[frame] += torch.randn_like(x[frame])
        with torch.no_grad():
            before, after = module(x), module(disturbed)
        return {i for i in range(len(x)) if not torch.equal(before[i], after[i])}

    return disturb


@pytest.fixture
def few_channels_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let kernels run for the small modules of a test."""
    monkeypatch.setattr("models.native.temporal.FEWEST_CHANNELS", 1)
