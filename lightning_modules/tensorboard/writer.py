"""Decides when a fit draws pictures, and writes them to TensorBoard."""

from matplotlib.figure import Figure
from pytorch_lightning import Trainer
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.trainer.states import TrainerFn


def tensorboard_of(trainer: Trainer) -> TensorBoardLogger | None:
    """Return a fit's TensorBoard logger, the same in all processes.

    Returns:
        None outside a fit, in its sanity check and ``fast_dev_run``, and without such a logger.
    """
    if trainer.state.fn != TrainerFn.FITTING or trainer.sanity_checking:
        return None
    return next((log for log in trainer.loggers if isinstance(log, TensorBoardLogger)), None)


def step_of(trainer: Trainer) -> int:
    """Return the last finished step, from 0; Lightning logs validation metrics at the same step."""
    return max(trainer.global_step - 1, 0)


def show(trainer: Trainer, tag: str, figure: Figure) -> None:
    """Add a figure to TensorBoard's images at the current step; only in process 0."""
    logger = tensorboard_of(trainer)
    if logger is not None and trainer.is_global_zero:
        logger.experiment.add_figure(tag, figure, step_of(trainer))


class PictureTimes:
    """Spreads pictures evenly over the validations of a fit, the first and the last included.

    Args:
        times: Number of equal intervals of the fit, at least 1; the first validation in each
            interval is drawn.
    """

    def __init__(self, times: int = 10) -> None:
        self.times = times
        self.drawn = -1

    def due(self, trainer: Trainer) -> bool:
        """Return whether to draw this validation, equal in all processes; call it once for each."""
        if tensorboard_of(trainer) is None:
            return False
        interval = int(self.times * trainer.global_step / trainer.estimated_stepping_batches)
        due = interval > self.drawn
        self.drawn = max(interval, self.drawn)
        return due
