"""SGD and AdamW as arguments of a `VideoRecognizer`, made once the network is known."""

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from lightning_modules.errors import RunError
from lightning_modules.optimization.parameter_policies import ParameterPolicy, tsm_groups


def require_positive(name: str, value: float) -> float:
    """Return a value if it is above zero.

    Raises:
        RunError: If it is not; the message contains ``name``.
    """
    if not 0 < value < math.inf:
        raise RunError(f"{name}={value} must be above 0 and finite")
    return value


def require_not_negative(name: str, value: float) -> float:
    """Return a value if it is zero or above.

    Raises:
        RunError: If it is not; the message has its name.
    """
    if not 0 <= value < math.inf:
        raise RunError(f"{name}={value} must be 0 or above, and finite")
    return value


class OptimizerMaker(ABC):
    """The settings of an optimizer, which `make` applies to a network.

    YAML names a subclass and sets its arguments before the network's parameters are known.

    Args:
        lr: Learning rate.
        reference_batch_size: The total batch, in clips, for which ``lr`` was chosen. ``lr`` is
            scaled linearly from it to the total batch in use (Goyal et al., 2017, section 2.1).
            None uses ``lr`` unscaled.

    Raises:
        RunError: If one of them is not above zero.
    """

    def __init__(self, lr: float, reference_batch_size: int | None = None) -> None:
        self.lr = require_positive("lr", lr)
        if reference_batch_size is not None:
            require_positive("reference_batch_size", reference_batch_size)
        self.reference_batch_size = reference_batch_size

    def lr_at(self, total_batch: int) -> float:
        """Return the learning rate for a total batch, in clips."""
        return self.lr * total_batch / (self.reference_batch_size or total_batch)

    @abstractmethod
    def make(self, network: nn.Module, lr: float | None = None) -> Optimizer:
        """Make the optimizer of a network's parameters.

        Args:
            network: The network.
            lr: The learning rate to use, see `lr_at`; None for ``self.lr``.
        """


class SGD(OptimizerMaker):
    """SGD with momentum and without Nesterov, the optimizer of both papers.

    Args:
        lr: Learning rate; 0.01 at a total batch of 64 in both papers.
        momentum: 0.9 in both papers.
        weight_decay: 1e-4 in TEINet, 5e-4 in TSI.
        parameter_policy: ``flat``: one rate and one decay for all parameters; ``tsm``: the groups
            of the public TSM code, see
            `lightning_modules.optimization.parameter_policies.tsm_groups` (**papers leave open**).
        reference_batch_size: The total batch for which ``lr`` was chosen, see `OptimizerMaker`.

    Raises:
        RunError: If a number is negative, or zero where none may be.
    """

    def __init__(
        self,
        lr: float = 0.01,
        momentum: float = 0.9,
        weight_decay: float = 1e-4,
        parameter_policy: ParameterPolicy = "flat",
        reference_batch_size: int | None = None,
    ) -> None:
        super().__init__(lr, reference_batch_size)
        self.momentum = require_not_negative("momentum", momentum)
        self.weight_decay = require_not_negative("weight_decay", weight_decay)
        self.parameter_policy = parameter_policy

    def make(self, network: nn.Module, lr: float | None = None) -> Optimizer:
        """Make torch's SGD.

        Raises:
            RunError: If the policy needs a classifier, and the network has none.
        """
        lr = self.lr if lr is None else lr
        parameters: Any = (
            tsm_groups(network, lr, self.weight_decay)
            if self.parameter_policy == "tsm"
            else network.parameters()
        )
        return torch.optim.SGD(parameters, lr, self.momentum, weight_decay=self.weight_decay)


class AdamW(OptimizerMaker):
    """AdamW, for short trainings from scratch; neither paper uses it.

    It has no ``parameter_policy``: the factors of the public TSM code were chosen for SGD, whose
    steps grow with the gradient; AdamW's do not.

    Args:
        lr: Learning rate.
        weight_decay: Weight decay of parameters with more than one dimension. Biases and the
            parameters of normalisations have one dimension and are not decayed.
        reference_batch_size: The total batch for which ``lr`` was chosen, see `OptimizerMaker`.

    Raises:
        RunError: If a number is negative, or zero where none may be.
    """

    def __init__(
        self,
        lr: float = 1e-3,
        weight_decay: float = 0.05,
        reference_batch_size: int | None = None,
    ) -> None:
        super().__init__(lr, reference_batch_size)
        self.weight_decay = require_not_negative("weight_decay", weight_decay)

    def make(self, network: nn.Module, lr: float | None = None) -> Optimizer:
        """Make torch's AdamW."""
        decayed = [parameter for parameter in network.parameters() if parameter.ndim > 1]
        others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
        groups: list[dict[str, Any]] = [
            {"params": decayed, "name": "decayed", "weight_decay": self.weight_decay},
            {"params": others, "name": "undecayed", "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, self.lr if lr is None else lr)
