"""When a fit draws pictures for TensorBoard, and how a picture gets there."""

import numpy as np
from pytorch_lightning import Trainer
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.trainer.states import TrainerFn

from lightning_modules.tensorboard.pictures.canvas import Picture


def tensorboard_of(trainer: Trainer) -> TensorBoardLogger | None:
    """Give a fit's TensorBoard; the answer is the same in all processes.

    Returns:
        None outside a fit, in its sanity check and ``fast_dev_run``, and without such a logger.
    """
    if trainer.state.fn != TrainerFn.FITTING or trainer.sanity_checking:
        return None
    return next((log for log in trainer.loggers if isinstance(log, TensorBoardLogger)), None)


def step_of(trainer: Trainer) -> int:
    """Give the last step done, from 0, at which Lightning writes a validation's metrics, too."""
    return max(trainer.global_step - 1, 0)


def show(trainer: Trainer, tag: str, picture: Picture) -> None:
    """Add a picture to TensorBoard's images at the current step; for process 0 only."""
    logger = tensorboard_of(trainer)
    if logger is not None and trainer.is_global_zero:
        pixels = np.asarray(picture)
        logger.experiment.add_image(tag, pixels, step_of(trainer), dataformats="HWC")


class PictureTimes:
    """Spreads pictures evenly over the validations of a fit, the first and the last included.

    Args:
        times: How many intervals the fit is cut into, at least 1; one validation of each is drawn.
    """

    def __init__(self, times: int = 10) -> None:
        self.times = times
        self.drawn = -1

    def due(self, trainer: Trainer) -> bool:
        """Tell, once per validation, whether it is to be drawn; the same in all processes."""
        if tensorboard_of(trainer) is None:
            return False
        interval = int(self.times * trainer.global_step / trainer.estimated_stepping_batches)
        due = interval > self.drawn
        self.drawn = max(interval, self.drawn)
        return due
