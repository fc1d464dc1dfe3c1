"""Ways to stop a fit at a chosen place; given to train.py as callbacks."""

import os
from typing import Any, Literal

from pytorch_lightning import Callback, LightningModule, Trainer

from lightning_modules import RunError

Hook = Literal[
    "on_train_epoch_start",
    "on_train_batch_start",
    "on_before_backward",
    "on_train_batch_end",
    "on_validation_start",
    "on_validation_batch_end",
    "on_validation_end",
    "on_train_epoch_end",
]
STOPPED = "stopped by the test"


class StopAt(Callback):
    """Stops a fit in a hook: by a signal to this process, or, with 0, by an error.

    Args:
        hook: The hook.
        batches: In which call of it that comes after so many batches of the fit were begun.
        number: The signal.
        rank: The process that is stopped; None for all.
    """

    def __init__(self, hook: Hook, batches: int, number: int = 0, rank: int | None = None) -> None:
        self.batches, self.number, self.rank = batches, number, rank
        self.done = False
        setattr(self, hook, self._stop)

    def _stop(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        begun = trainer.fit_loop.epoch_loop.batch_progress.total.started
        mine = self.rank is None or trainer.global_rank == self.rank
        if self.done or begun < self.batches or not mine:
            return
        self.done = True
        if not self.number:
            raise RunError(STOPPED)
        os.kill(os.getpid(), self.number)
