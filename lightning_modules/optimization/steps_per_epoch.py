"""The number of optimizer steps per epoch, for learning-rate schedules."""

import math

from pytorch_lightning import Trainer

from lightning_modules.errors import RunError


def steps_per_epoch(trainer: Trainer) -> int:
    """Count the optimizer steps of one epoch; an incomplete accumulation at its end is a step.

    Raises:
        RunError: If ``trainer.max_epochs`` or the number of batches is not known, or the
            interval of validations is longer than an epoch.
    """
    if (trainer.max_epochs or 0) <= 0:
        raise RunError("schedules count epochs: give trainer.max_epochs, at least 1")
    try:
        # Makes Lightning load the data and count the batches.
        steps = trainer.estimated_stepping_batches
    except ValueError as error:  # a val_check_interval of more batches than an epoch has
        raise RunError(f"trainer: {error}") from error
    if not 0 < steps < math.inf:
        raise RunError(
            "there is nothing to train: the loader of the training has no batches, or no known "
            "number of them, or trainer.max_steps is 0"
        )
    return math.ceil(trainer.num_training_batches / trainer.accumulate_grad_batches)
