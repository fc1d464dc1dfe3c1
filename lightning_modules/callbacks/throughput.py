"""Clips per second, and the share of the time in which training waits for data."""

from time import perf_counter
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer


class Throughput(Callback):
    """Logs ``throughput/clips_per_second`` and ``throughput/data_wait_share`` (0-1).

    Both cover the steps since the last log; the clips of all processes are counted. The data wait
    is the time in which the process waits for its loader; a GPU may still be busy meanwhile.
    """

    def __init__(self) -> None:
        self.logged_step = 0
        self._start_window()

    def _start_window(self) -> None:
        self.clips = 0
        self.waited = 0.0
        self.window_start = self.batch_end = perf_counter()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start a window: a fit resumed inside an epoch has no start of that epoch."""
        self._start_window()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start a new window, without the time of validation and checkpoints."""
        self._start_window()

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Add the time since the end of the last step to the wait."""
        self.waited += perf_counter() - self.batch_end

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the step; log at the trainer's interval."""
        self.batch_end = perf_counter()
        self.clips += len(batch["label"])
        step = trainer.global_step
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        due = every and step % every == 0
        if step == self.logged_step or not (due or trainer.is_last_batch):
            return  # no new optimizer step inside an accumulation
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
        """Start a new window, without the time of a validation inside an epoch."""
        self._start_window()
