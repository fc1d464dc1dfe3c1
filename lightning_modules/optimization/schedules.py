"""Learning-rate schedules: a factor on the learning rate as a function of the epoch."""

import math
from abc import ABC, abstractmethod

from lightning_modules.errors import RunError


class Schedule(ABC):
    """A factor on every group's learning rate, asked for before each step.

    Args:
        warmup_epochs: Length of a linear rise at the start, during which `decay` is multiplied
            by the share of the rise done; fractions allowed, 0 for none, as in both papers.

    Raises:
        RunError: If the rise is negative.
    """

    def __init__(self, warmup_epochs: float = 0.0) -> None:
        if warmup_epochs < 0:
            raise RunError(f"warmup_epochs={warmup_epochs} must not be negative")
        self.warmup_epochs = warmup_epochs

    def factor(self, epoch: float, max_epochs: int) -> float:
        """Compute the factor: the rise times the decay.

        Args:
            epoch: Epochs done, counted with fractions.
            max_epochs: Epochs in all.
        """
        decay = self.decay(epoch, max_epochs)
        if epoch >= self.warmup_epochs:
            return decay
        # The first step already moves: half a thousandth of an epoch stands in for zero.
        return decay * max(epoch, 5e-4) / self.warmup_epochs

    @abstractmethod
    def decay(self, epoch: float, max_epochs: int) -> float:
        """Compute the factor without the rise."""


class Constant(Schedule):
    """The learning rate stays, after a rise if there is one.

    Args:
        warmup_epochs: See `Schedule`.
    """

    def __init__(self, warmup_epochs: float = 0.0) -> None:
        super().__init__(warmup_epochs)

    def decay(self, epoch: float, max_epochs: int) -> float:
        """Return 1."""
        return 1.0


class StepDecay(Schedule):
    """Multiply by ``gamma`` at each milestone, as both papers do.

    Args:
        milestones: Epochs at whose start the rate drops, counted from the start of the training,
            warm-up included; on Something-Something both papers drop at 30, 40, 45.
        gamma: The factor of one drop.
        warmup_epochs: See `Schedule`.
    """

    def __init__(
        self, milestones: list[int], gamma: float = 0.1, warmup_epochs: float = 0.0
    ) -> None:
        super().__init__(warmup_epochs)
        self.milestones = milestones
        self.gamma = gamma

    def decay(self, epoch: float, max_epochs: int) -> float:
        """Count the milestones passed."""
        return self.gamma ** sum(epoch >= milestone for milestone in self.milestones)


class CosineDecay(Schedule):
    """Fall to zero along half a cosine, which starts where the rise ends.

    Args:
        warmup_epochs: See `Schedule`.
    """

    def __init__(self, warmup_epochs: float = 0.0) -> None:
        super().__init__(warmup_epochs)

    def decay(self, epoch: float, max_epochs: int) -> float:
        """Follow the cosine; 1 during the rise."""
        done = (epoch - self.warmup_epochs) / max(max_epochs - self.warmup_epochs, 1e-9)
        return 0.5 * (1 + math.cos(math.pi * min(max(done, 0.0), 1.0)))
