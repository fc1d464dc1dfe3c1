"""last.ckpt: saved after each epoch, now and then, and before a process that is asked to ends."""

import signal
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_info

from lightning_modules import slurm_job
from lightning_modules.callbacks.config_file import ConfigFile
from lightning_modules.checkpoints.loop_position import left_over_batches
from lightning_modules.errors import RunError
from lightning_modules.stop_signals import Stopped, StopSignals, exit_status

FILE = Path("checkpoints") / "last.ckpt"
"""In the run folder."""


class LastCheckpoint(Callback):
    """Saves ``checkpoints/last.ckpt`` after each epoch, inside long ones, and before a preemption.

    Lightning's own ``save_last`` saves it only when another checkpoint is saved: where the
    monitored value is no better, its last.ckpt is not the last.

    At SIGTERM, SIGUSR1 or Ctrl-C, all processes finish the step, save and end together, with
    status 143 or, after Ctrl-C, 130; a validation is broken off and made anew by the resumed fit.
    SIGUSR1 in a SLURM job also puts the job into the queue again; the same command goes on there.
    Nothing is saved when an error ends the fit: a state that leads to an error helps nobody.

    Args:
        every_n_minutes: Time between two saves; null for none. A crash costs at most as much.
        every_n_steps: Optimizer steps between two saves; null for none.

    Raises:
        RunError: If one of them is not above zero.
    """

    def __init__(
        self, every_n_minutes: float | None = 10.0, every_n_steps: int | None = None
    ) -> None:
        for name, value in (("minutes", every_n_minutes), ("steps", every_n_steps)):
            if value is not None and not value > 0:
                raise RunError(f"last.every_n_{name}={value} must be above 0, or null")
        self.every_n_minutes = every_n_minutes
        self.every_n_steps = every_n_steps
        self.signals = StopSignals()
        self.common_batches = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock; listen to signals."""
        self.saved_at = monotonic()
        self.saved_step: int | None = None if trainer.ckpt_path else 0  # it may lie elsewhere
        self.signals.begin(trainer)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the epoch before, of which everything is done and logged here."""
        if trainer.global_step != self.saved_step:
            self._save(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the last epoch."""
        if trainer.global_step != self.saved_step:
            self._save(trainer)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Save between two steps: here all that belongs to the last one is done and logged."""
        if left_over_batches(trainer):
            return
        stop, clock = self._agree(trainer)
        step = trainer.global_step
        due = self.every_n_steps and step % self.every_n_steps == 0 and step != self.saved_step
        if clock or due:
            self._save(trainer)
        if stop:
            self._stop(trainer, stop)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count the batches that every process has: only there can all agree."""
        if trainer.state.fn != "fit":
            return
        counts = torch.tensor(int(sum(trainer.num_val_batches)), device=pl_module.device)
        if trainer.world_size > 1:
            torch.distributed.all_reduce(counts, torch.distributed.ReduceOp.MIN)
        self.common_batches = int(counts)

    def on_validation_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Break a fit's validation off; the resumed fit begins it anew."""
        fitting = trainer.state.fn == "fit" and not trainer.sanity_checking
        if not fitting or batch_idx >= self.common_batches or left_over_batches(trainer):
            return
        stop, _ = self._agree(trainer)
        if stop:
            self._stop(trainer, stop)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop what would come after a fit that was done before it could be stopped.

        Raises:
            Stopped: If a signal came in the last moments.
        """
        if self.signals.received:
            raise Stopped(exit_status(self.signals.received))

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """End all workers; inside a validation, Lightning forgets those of the training."""
        if trainer.state.fn == "fit":
            trainer.fit_loop.teardown()

    def _agree(self, trainer: Trainer) -> tuple[int, bool]:
        """Tell all processes the signal that any of them got, and whether it is time to save."""
        clock = self.every_n_minutes and monotonic() - self.saved_at >= 60 * self.every_n_minutes
        asked = (int(self.signals.received), int(bool(clock)))
        if trainer.world_size > 1:
            wishes = torch.tensor(asked, device=trainer.strategy.root_device)
            torch.distributed.all_reduce(wishes, torch.distributed.ReduceOp.MAX)
            asked = (int(wishes[0]), int(wishes[1]))
        return asked[0], bool(asked[1])

    def _save(self, trainer: Trainer) -> None:
        if not trainer.fast_dev_run:  # type: ignore[attr-defined]
            trainer.save_checkpoint(Path(trainer.default_root_dir) / FILE, weights_only=False)
        self.saved_at, self.saved_step = monotonic(), trainer.global_step

    def _stop(self, trainer: Trainer, number: int) -> None:
        if trainer.global_step != self.saved_step or not trainer.global_step:
            self._save(trainer)
        folder = Path(trainer.default_root_dir)
        configs = [
            callback.file
            for callback in trainer.callbacks  # type: ignore[attr-defined]
            if isinstance(callback, ConfigFile) and callback.file is not None
        ]
        config = configs[0] if configs else folder / "config.yaml"
        rank_zero_info(
            f"{signal.Signals(number).name}: saved {folder / FILE} at step {trainer.global_step}; "
            f"go on with: python train.py fit --config {config} --ckpt_path last"
        )
        environment = trainer._accelerator_connector.cluster_environment
        in_slurm = isinstance(environment, SLURMEnvironment) and environment.auto_requeue
        if in_slurm and number == signal.SIGUSR1 and trainer.is_global_zero:
            slurm_job.requeue()
        trainer.strategy.barrier("stop")  # SLURM may end a job whose first process has ended
        # Lightning kills the process that the user began when one that it has begun itself fails.
        begun_by_us = isinstance(environment, LightningEnvironment) and trainer.local_rank > 0
        raise Stopped(0 if begun_by_us else exit_status(number))
