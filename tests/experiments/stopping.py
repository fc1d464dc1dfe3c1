"""A callback for train.py that stops a fit in a chosen hook."""

import os
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from lightning_modules import RunError

STOPPED = "stopped by the test"
CLASS = f"{__name__}.StopAt"


class StopAt(Callback):
    """Stops a run in a hook: by a signal to this process, or, with 0, by an error.

    Args:
        hook: The hook.
        batches: How many batches of the fit must have started.
        number: The signal.
        times: How often it is sent.
        rank: The process that gets it; None for all.
        group: Whether its workers get it too, as from a terminal or a cluster.
        save: Whether to save last.ckpt first.
    """

    def __init__(
        self,
        hook: str,
        batches: int = 0,
        number: int = 0,
        times: int = 1,
        rank: int | None = None,
        group: bool = False,
        save: bool = False,
    ) -> None:
        assert hasattr(self, hook)
        self.batches, self.number, self.times = batches, number, times
        self.rank, self.group, self.save = rank, group, save
        self.done = False
        setattr(self, hook, self._stop)

    def _stop(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        total: Any = trainer.fit_loop.epoch_loop.batch_progress.total
        mine = self.rank is None or trainer.global_rank == self.rank
        if self.done or total.started < self.batches or not mine:
            return
        self.done = True
        if self.save:
            file = Path(trainer.default_root_dir) / "checkpoints" / "last.ckpt"
            trainer.save_checkpoint(file, weights_only=False)
        if not self.number:
            raise RunError(STOPPED)
        for _ in range(self.times):
            (os.killpg if self.group else os.kill)(os.getpid(), self.number)


def stop_at(hook: str, batches: int = 0, number: int = 0, **others: object) -> list[str]:
    """Write a `StopAt` as arguments of train.py."""
    values = {"hook": hook, "batches": batches, "number": int(number), **others}
    stated = [f"--trainer.callbacks.{name}={value}" for name, value in values.items()]
    return [f"--trainer.callbacks+={CLASS}", *stated]
