"""The number of optimizer steps per epoch, for learning-rate schedules."""

import math

from pytorch_lightning import Trainer

from lightning_modules.errors import RunError


def steps_per_epoch(trainer: Trainer) -> int:
    """Count the optimizer steps of one epoch; an incomplete accumulation at its end is a step.

    Raises:
        RunError: If ``trainer.max_epochs`` or the number of batches is not known.
    """
    max_epochs = trainer.max_epochs or 0
    # Reading estimated_stepping_batches makes Lightning load the data and count the batches.
    if max_epochs <= 0 or not 0 < trainer.estimated_stepping_batches < math.inf:
        raise RunError("schedules count epochs: give trainer.max_epochs")
    return math.ceil(trainer.num_training_batches / trainer.accumulate_grad_batches)
