"""Learning-rate schedules: a factor on the learning rate as a function of the epoch."""

import math
from abc import ABC, abstractmethod

from lightning_modules.errors import RunError


class Schedule(ABC):
    """A factor on every group's learning rate, asked for before each step."""

    @abstractmethod
    def factor(self, epoch: float, max_epochs: int) -> float:
        """Compute the factor.

        Args:
            epoch: Epochs done, counted with fractions.
            max_epochs: Epochs in all.
        """


class Constant(Schedule):
    """The learning rate stays."""

    def factor(self, epoch: float, max_epochs: int) -> float:
        """Return 1."""
        return 1.0


class StepDecay(Schedule):
    """Multiply by ``gamma`` at each milestone, as both papers do.

    Args:
        milestones: Epochs at whose start the rate drops; TEINet on Something-Something: 30, 40, 45.
        gamma: The factor of one drop.
    """

    def __init__(self, milestones: list[int], gamma: float = 0.1) -> None:
        self.milestones = milestones
        self.gamma = gamma

    def factor(self, epoch: float, max_epochs: int) -> float:
        """Count the milestones passed."""
        return self.gamma ** sum(epoch >= milestone for milestone in self.milestones)


class CosineDecay(Schedule):
    """Rise linearly for the first epochs, then fall to zero along half a cosine.

    Args:
        warmup_epochs: Length of the rise; fractions allowed, 0 for none.

    Raises:
        RunError: If the rise is negative.
    """

    def __init__(self, warmup_epochs: float = 0.0) -> None:
        if warmup_epochs < 0:
            raise RunError(f"warmup_epochs={warmup_epochs} must not be negative")
        self.warmup_epochs = warmup_epochs

    def factor(self, epoch: float, max_epochs: int) -> float:
        """Follow the rise, then the cosine."""
        if epoch < self.warmup_epochs:
            # The first step already moves: half a thousandth of an epoch stands in for zero.
            return max(epoch, 5e-4) / self.warmup_epochs
        done = (epoch - self.warmup_epochs) / max(max_epochs - self.warmup_epochs, 1e-9)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
