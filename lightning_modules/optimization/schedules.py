"""Learning-rate schedules: a factor on the learning rate as a function of the epoch."""

import math
from abc import ABC, abstractmethod

from lightning_modules.errors import RunError


class Schedule(ABC):
    """A factor on the learning rate of every parameter group, computed before each step.

    Args:
        warmup_epochs: Length of a linear warm-up from zero at the start, which multiplies
            `decay`; fractions are allowed. 0, as in both papers, for none.

    Raises:
        RunError: If ``warmup_epochs`` is negative.
    """

    def __init__(self, warmup_epochs: float = 0.0) -> None:
        if not 0 <= warmup_epochs < math.inf:
            raise RunError(f"warmup_epochs={warmup_epochs} must be 0 or above, and finite")
        self.warmup_epochs = warmup_epochs

    def factor(self, epoch: float, max_epochs: int) -> float:
        """Compute the factor: warm-up times decay.

        Args:
            epoch: Epochs done so far, with fractions.
            max_epochs: Epochs of the complete training.
        """
        decay = self.decay(epoch, max_epochs)
        if epoch >= self.warmup_epochs:
            return decay
        # With a rate of 0 the first step would change nothing: start at 0.0005 epochs instead.
        return decay * max(epoch, 5e-4) / self.warmup_epochs

    @abstractmethod
    def decay(self, epoch: float, max_epochs: int) -> float:
        """Compute the factor without warm-up; arguments as in `factor`."""


class Constant(Schedule):
    """A constant learning rate, after the warm-up if there is one.

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
        milestones: Epochs at the start of which the rate drops, counted from the start of the
            training, warm-up included; on Something-Something both papers drop at 30, 40, 45.
        gamma: The factor of one drop.
        warmup_epochs: See `Schedule`.

    Raises:
        RunError: If a milestone is below 1, or ``gamma`` is not above 0.
    """

    def __init__(
        self, milestones: list[int], gamma: float = 0.1, warmup_epochs: float = 0.0
    ) -> None:
        super().__init__(warmup_epochs)
        if not gamma > 0:
            raise RunError(f"{gamma=} must be above 0")
        if milestones and min(milestones) < 1:
            raise RunError(f"{milestones=}: each must be an epoch from 1; 0 is the start")
        self.milestones = milestones
        self.gamma = gamma

    def decay(self, epoch: float, max_epochs: int) -> float:
        """Return ``gamma`` to the power of the number of milestones passed."""
        return self.gamma ** sum(epoch >= milestone for milestone in self.milestones)


class CosineDecay(Schedule):
    """Decay to zero along half a cosine, which starts at the end of the warm-up.

    Args:
        warmup_epochs: See `Schedule`.
    """

    def __init__(self, warmup_epochs: float = 0.0) -> None:
        super().__init__(warmup_epochs)

    def decay(self, epoch: float, max_epochs: int) -> float:
        """Return the cosine's value, 1 during the warm-up."""
        done = (epoch - self.warmup_epochs) / max(max_epochs - self.warmup_epochs, 1e-9)
        return 0.5 * (1 + math.cos(math.pi * min(max(done, 0.0), 1.0)))
