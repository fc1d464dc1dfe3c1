"""Clips per second, and the share of time in which training waits for data."""

from time import perf_counter
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer


class Throughput(Callback):
    """Logs ``throughput/clips_per_second`` and ``throughput/data_wait_share`` (0-1).

    Both are taken over the steps since the last log, over all processes for clips. On a GPU the
    wait is what the process waits for the loader; the device may still be busy meanwhile.
    """

    def __init__(self) -> None:
        self.logged_step = 0
        self._start_window()

    def _start_window(self) -> None:
        self.clips = 0
        self.waited = 0.0
        self.window_start = self.batch_end = perf_counter()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin; a fit that is resumed inside an epoch does not start this epoch."""
        self._start_window()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave validation and checkpoints out of the time."""
        self._start_window()

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Add the time since the last step's end."""
        self.waited += perf_counter() - self.batch_end

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the step; log at the trainer's interval."""
        self.batch_end = perf_counter()
        self.clips += len(batch["label"])
        step = trainer.global_step
        due = step % trainer.log_every_n_steps == 0  # type: ignore[attr-defined]
        if step == self.logged_step or not (due or trainer.is_last_batch):
            return  # inside an accumulation the step is still the last one
        self.logged_step = step
        seconds = self.batch_end - self.window_start
        values = {
            "throughput/clips_per_second": trainer.world_size * self.clips / seconds,
            "throughput/data_wait_share": self.waited / seconds,
        }
        for logger in trainer.loggers:
            logger.log_metrics(values, step=trainer.global_step - 1)  # as Lightning counts steps
        self._start_window()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave a validation in the middle of an epoch out of the time."""
        self._start_window()
