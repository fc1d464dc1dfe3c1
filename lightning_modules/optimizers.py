"""Which optimizer updates which parameters how."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from lightning_modules.errors import RunError


def require_positive(name: str, value: float) -> float:
    """Return a value above zero.

    Raises:
        RunError: If it is not.
    """
    if not value > 0:
        raise RunError(f"{name}={value} must be above 0")
    return value


class OptimizerMaker(ABC):
    """Makes a network's optimizer; a class of ours, so that YAML can state and override it."""

    @abstractmethod
    def make(self, network: nn.Module) -> Optimizer:
        """Make the optimizer of a network's parameters."""


class SGD(OptimizerMaker):
    """Stochastic gradient descent with momentum, one rate and one decay for all: both papers'.

    Args:
        lr: Learning rate; 0.01 at a total batch of 64 in both papers.
        momentum: 0.9 in both papers.
        weight_decay: 1e-4 in TEINet, 5e-4 in TSI.
    """

    def __init__(self, lr: float = 0.01, momentum: float = 0.9, weight_decay: float = 1e-4) -> None:
        self.lr = require_positive("lr", lr)
        self.momentum = momentum
        self.weight_decay = weight_decay

    def make(self, network: nn.Module) -> Optimizer:
        """Make torch's SGD."""
        return torch.optim.SGD(
            network.parameters(), self.lr, self.momentum, weight_decay=self.weight_decay
        )


class AdamW(OptimizerMaker):
    """AdamW, for short trainings from scratch; biases and norms are not decayed.

    Args:
        lr: Learning rate.
        weight_decay: Of all parameters with more than one axis.
    """

    def __init__(self, lr: float = 1e-3, weight_decay: float = 0.05) -> None:
        self.lr = require_positive("lr", lr)
        self.weight_decay = weight_decay

    def make(self, network: nn.Module) -> Optimizer:
        """Make torch's AdamW."""
        decayed = [parameter for parameter in network.parameters() if parameter.ndim > 1]
        others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
        groups: list[dict[str, Any]] = [
            {"params": decayed, "weight_decay": self.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, self.lr)
