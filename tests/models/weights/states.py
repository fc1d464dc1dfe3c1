"""Shared by the tests of initial weights: a torchvision state, files, a small network."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn

from models import STM, TSM, TSN, TEINet, TSINet, VideoNetwork

DATA = Path(os.environ.get("TEMPORAL_DATA", Path(__file__).parents[4] / "shared" / "data"))
REAL_FILE = DATA / "resnet50_imagenet.pth"
CLASSES = 7
State = dict[str, Tensor]

every_network = pytest.mark.parametrize("network_class", [TSN, TSM, STM, TEINet, TSINet])


def torchvision_state(backbone: str) -> State:
    """Draw a torchvision network whose statistics, too, differ from a fresh network's."""
    state = torchvision.models.get_model(backbone, num_classes=CLASSES).state_dict()
    for key, value in state.items():
        if key.endswith(("bn1.weight", "running_mean", "running_var")):
            state[key] = torch.rand_like(value)
    return dict(state)


def saved(content: Any, folder: Path) -> str:
    """Save anything with torch and give the file's path."""
    path = folder / "weights.pth"
    torch.save(content, path)
    return str(path)


def build(
    network_class: Callable[..., VideoNetwork] = TSN,
    weights: str | None = None,
    num_classes: int = CLASSES,
    **arguments: Any,
) -> VideoNetwork:
    """Build a small network."""
    arguments = {"backbone": "resnet18", "num_segments": 2} | arguments
    return network_class(num_classes, weights=weights, **arguments)


def differing(network: nn.Module, source: State) -> list[str]:
    """Name the source's entries that the network does not hold bit for bit."""
    own = network.get_submodule("frame_network").state_dict()
    return [key for key, value in source.items() if not torch.equal(own[key], value)]
