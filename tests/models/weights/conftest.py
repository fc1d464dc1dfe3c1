"""Weights of a torchvision ResNet-18, and a file that holds them."""

import pytest
import torch

from tests.models.weights.states import State, torchvision_state


@pytest.fixture(scope="session")
def resnet18() -> State:
    """Return the weights of a torchvision ResNet-18 with 7 classes."""
    return torchvision_state("resnet18")


@pytest.fixture(scope="session")
def resnet18_file(resnet18: State, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a file that holds these weights."""
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(resnet18, path)
    return str(path)
