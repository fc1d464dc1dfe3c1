"""Which optimizer updates which parameters how."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from lightning_modules.errors import RunError
from lightning_modules.optimization.parameter_policies import ParameterPolicy, tsm_groups


def require_positive(name: str, value: float) -> float:
    """Return a value above zero.

    Raises:
        RunError: If it is not.
    """
    if not value > 0:
        raise RunError(f"{name}={value} must be above 0")
    return value


class OptimizerMaker(ABC):
    """Makes a network's optimizer; a class of ours, so that YAML can state and override it.

    Args:
        lr: Learning rate.
        reference_batch_size: The total batch, in clips, that ``lr`` belongs to: it is scaled
            linearly to the total batch in force (Goyal et al., 2017); None takes it as it is.

    Raises:
        RunError: If one of them is not above zero.
    """

    def __init__(self, lr: float, reference_batch_size: int | None = None) -> None:
        self.lr = require_positive("lr", lr)
        if reference_batch_size is not None:
            require_positive("reference_batch_size", reference_batch_size)
        self.reference_batch_size = reference_batch_size

    def lr_at(self, total_batch: int) -> float:
        """Scale the learning rate to a total batch, in clips."""
        return self.lr * total_batch / (self.reference_batch_size or total_batch)

    @abstractmethod
    def make(self, network: nn.Module, lr: float | None = None) -> Optimizer:
        """Make the optimizer of a network's parameters.

        Args:
            network: The network.
            lr: The learning rate in force, see `lr_at`; None for the stated one.
        """


class SGD(OptimizerMaker):
    """Stochastic gradient descent with momentum, both papers' optimizer; without Nesterov.

    Args:
        lr: Learning rate; 0.01 at a total batch of 64 in both papers.
        momentum: 0.9 in both papers.
        weight_decay: 1e-4 in TEINet, 5e-4 in TSI.
        parameter_policy: ``flat``, one rate and one decay for all; or ``tsm``, the code line's
            groups, see `lightning_modules.optimization.parameter_policies.tsm_groups`
            (**papers leave open**).
        reference_batch_size: The total batch that ``lr`` belongs to, see `OptimizerMaker`.

    Raises:
        RunError: If a number is not above zero.
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
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.parameter_policy = parameter_policy

    def make(self, network: nn.Module, lr: float | None = None) -> Optimizer:
        """Make torch's SGD.

        Raises:
            RunError: If the network has no classifier that the policy needs.
        """
        lr = self.lr if lr is None else lr
        parameters: Any = (
            tsm_groups(network, lr, self.weight_decay)
            if self.parameter_policy == "tsm"
            else network.parameters()
        )
        return torch.optim.SGD(parameters, lr, self.momentum, weight_decay=self.weight_decay)


class AdamW(OptimizerMaker):
    """AdamW, for short trainings from scratch; biases and norms are not decayed.

    It has no ``parameter_policy``: the code line's factors were chosen for SGD, whose steps grow
    with the gradient; Adam's do not.

    Args:
        lr: Learning rate.
        weight_decay: Of all parameters with more than one axis.
        reference_batch_size: The total batch that ``lr`` belongs to, see `OptimizerMaker`.

    Raises:
        RunError: If a number is not above zero.
    """

    def __init__(
        self,
        lr: float = 1e-3,
        weight_decay: float = 0.05,
        reference_batch_size: int | None = None,
    ) -> None:
        super().__init__(lr, reference_batch_size)
        self.weight_decay = weight_decay

    def make(self, network: nn.Module, lr: float | None = None) -> Optimizer:
        """Make torch's AdamW."""
        decayed = [parameter for parameter in network.parameters() if parameter.ndim > 1]
        others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
        groups: list[dict[str, Any]] = [
            {"params": decayed, "name": "decayed", "weight_decay": self.weight_decay},
            {"params": others, "name": "undecayed", "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, self.lr if lr is None else lr)
