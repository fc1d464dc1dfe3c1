"""Decides when a fit draws pictures, and writes curves and pictures to its loggers."""

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure
from pytorch_lightning import Trainer
from pytorch_lightning.loggers import (
    CometLogger,
    Logger,
    MLFlowLogger,
    TensorBoardLogger,
    WandbLogger,
)
from pytorch_lightning.trainer.states import TrainerFn

ADD_PICTURE: dict[type[Logger], Callable[[Any, str, Figure, int], object]] = {
    TensorBoardLogger: lambda logger, tag, figure, step: logger.experiment.add_figure(
        tag, figure, step
    ),
    WandbLogger: lambda logger, tag, figure, step: logger.log_image(tag, [figure], step),
    CometLogger: lambda logger, tag, figure, step: logger.experiment.log_figure(
        figure_name=tag, figure=figure, step=step
    ),
    MLFlowLogger: lambda logger, tag, figure, step: logger.experiment.log_figure(
        logger.run_id, figure, f"{tag}/{step:08d}.png"
    ),
}
"""Kind of logger that can take pictures -> how it takes one: logger, tag, figure, step."""


def loggers_of(trainer: Trainer) -> list[Logger]:
    """Give a fit's loggers, the same in all processes; all of them take curves.

    Returns:
        None of them outside a fit, in its sanity check and in ``fast_dev_run``.
    """
    fits = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
    return trainer.loggers if fits and not trainer.fast_dev_run else []  # type: ignore[attr-defined]


def boards_of(trainer: Trainer) -> list[TensorBoardLogger]:
    """Give a fit's TensorBoard loggers."""
    return [logger for logger in loggers_of(trainer) if isinstance(logger, TensorBoardLogger)]


def step_of(trainer: Trainer) -> int:
    """Return the last finished step, from 0; Lightning logs validation metrics at the same step."""
    return max(trainer.global_step - 1, 0)


def log_values(trainer: Trainer, values: Mapping[str, float]) -> None:
    """Add points to the curves of all loggers at the current step."""
    for logger in loggers_of(trainer):
        logger.log_metrics(dict(values), step_of(trainer))


def show(trainer: Trainer, tag: str, figure: Figure) -> None:
    """Add a figure, at the current step, to each logger that can take one; only process 0 does."""
    if trainer.is_global_zero:
        for logger, add in _picture_loggers(trainer):
            add(logger, tag, figure, step_of(trainer))


def _picture_loggers(
    trainer: Trainer,
) -> list[tuple[Logger, Callable[[Any, str, Figure, int], object]]]:
    return [
        (logger, add)
        for logger in loggers_of(trainer)
        for kind, add in ADD_PICTURE.items()
        if isinstance(logger, kind)
    ]


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
        """Tell whether to draw this validation, the same in all processes; call once for each."""
        if not _picture_loggers(trainer):
            return False
        interval = int(self.times * trainer.global_step / trainer.estimated_stepping_batches)
        due = interval > self.drawn
        self.drawn = max(interval, self.drawn)
        return due
