"""last.ckpt: saved after each epoch, at intervals, and before a signal ends the process."""

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
from lightning_modules.checkpoints import finished_fit
from lightning_modules.checkpoints.loop_position import accumulated_batches
from lightning_modules.checkpoints.run_folder import RunFolder
from lightning_modules.errors import RunError
from lightning_modules.stop_signals import Stopped, StopSignals, exit_status


class LastCheckpoint(Callback):
    """Saves ``checkpoints/last.ckpt`` after each epoch, inside long ones, and before a preemption.

    Lightning's own ``save_last`` saves only together with another checkpoint: if the monitored
    value does not improve, its last.ckpt is an old one.

    At SIGTERM, SIGUSR1 or Ctrl-C, all processes finish the step, save and end together, with exit
    status 143 or, after Ctrl-C, 130. A validation is stopped; the resumed fit repeats it. SIGUSR1
    in a SLURM job also requeues the job, where the same command resumes. Nothing is saved when an
    error ends the fit: the state that led to the error would be resumed.

    A fit that has ended by itself says so in its last checkpoint, with the limits that it had, such
    as ``max_epochs`` or the patience of an `EarlyStopping`. Resuming it trains nothing, unless a
    limit has been raised.

    Args:
        every_n_minutes: Time between two saves, and so the most that a crash costs; null for none.
        every_n_steps: Optimizer steps between two saves; null for none.

    Raises:
        RunError: If one of them is not above 0.
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
        self.finished = self.was_finished = self.has_trained = False

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the limits of a fit that has ended by itself."""
        if self.finished:
            checkpoint[finished_fit.KEY] = finished_fit.limits(trainer)

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Find out whether the fit has ended, and has nothing more to train."""
        there = checkpoint.get(finished_fit.KEY)
        here = finished_fit.limits(trainer)
        self.was_finished = there is not None and not finished_fit.goes_on(there, here)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Train nothing if the fit has ended; Lightning looks at this before the first step."""
        trainer.should_stop = trainer.should_stop or self.was_finished
        self.finished = self.has_trained = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock and the signal handlers."""
        self.has_trained = True
        self.saved_at = monotonic()
        # The checkpoint of a resumed fit may be in another folder, so that it is saved here too.
        self.saved_step: int | None = None if trainer.ckpt_path else 0
        self.signals.begin(trainer)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the epoch before; all of it is finished and logged at this point."""
        if trainer.global_step != self.saved_step:
            self._save(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the last epoch, and that the fit has ended."""
        self.finished = True
        self._save(trainer)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Save between two steps, when the last one is finished and logged."""
        if accumulated_batches(trainer):
            return
        stop, clock = self._agree(trainer)
        step = trainer.global_step
        due = self.every_n_steps and step % self.every_n_steps == 0 and step != self.saved_step
        if clock or due:
            self._save(trainer)
        if stop:
            self._stop(trainer, stop)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count the validation batches that all processes have; only in these can they agree."""
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
        """Stop a fit's validation after a signal; the resumed fit repeats it."""
        fitting = trainer.state.fn == "fit" and not trainer.sanity_checking
        if not fitting or batch_idx >= self.common_batches or accumulated_batches(trainer):
            return
        stop, _ = self._agree(trainer)
        if stop:
            self._stop(trainer, stop)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say if there was nothing to train; end the process if a signal came after the last step.

        Raises:
            Stopped: If a signal came after the last step.
        """
        if not self.has_trained and trainer.ckpt_path is not None:
            rank_zero_info(
                f"nothing to train: the fit ended at step {trainer.global_step}, and its results "
                "stay; a greater trainer.max_epochs continues it"
            )
        if self.signals.received:
            raise Stopped(exit_status(self.signals.received))

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """End all loader workers; inside a validation, Lightning leaves those of the training."""
        if trainer.state.fn == "fit":
            trainer.fit_loop.teardown()

    def _agree(self, trainer: Trainer) -> tuple[int, bool]:
        """Share between processes the signal that any of them got, and whether saving is due."""
        clock = self.every_n_minutes and monotonic() - self.saved_at >= 60 * self.every_n_minutes
        asked = (int(self.signals.received), int(bool(clock)))
        if trainer.world_size > 1:
            largest = torch.tensor(asked, device=trainer.strategy.root_device)
            torch.distributed.all_reduce(largest, torch.distributed.ReduceOp.MAX)
            asked = (int(largest[0]), int(largest[1]))
        return asked[0], bool(asked[1])

    def _save(self, trainer: Trainer) -> None:
        if not trainer.fast_dev_run:  # type: ignore[attr-defined]
            trainer.save_checkpoint(_run_folder(trainer).checkpoint("last"), weights_only=False)
        self.saved_at, self.saved_step = monotonic(), trainer.global_step

    def _stop(self, trainer: Trainer, number: int) -> None:
        if trainer.global_step != self.saved_step or not trainer.global_step:
            self._save(trainer)
        run = _run_folder(trainer)
        configs = [
            callback.file
            for callback in trainer.callbacks  # type: ignore[attr-defined]
            if isinstance(callback, ConfigFile) and callback.file is not None
        ]
        config = configs[0] if configs else run.config
        rank_zero_info(
            f"{signal.Signals(number).name}: saved {run.checkpoint('last')} at step "
            f"{trainer.global_step}; resume with: python train.py fit --config {config} "
            "--ckpt_path last"
        )
        environment = trainer._accelerator_connector.cluster_environment
        in_slurm = isinstance(environment, SLURMEnvironment) and environment.auto_requeue
        if in_slurm and number == signal.SIGUSR1 and trainer.is_global_zero:
            slurm_job.requeue()
        trainer.strategy.barrier("stop")  # SLURM may end a job when its first process ends
        # If a process that Lightning launched fails, Lightning kills the one that launched it.
        launched = isinstance(environment, LightningEnvironment) and trainer.local_rank > 0
        raise Stopped(0 if launched else exit_status(number))


def _run_folder(trainer: Trainer) -> RunFolder:
    return RunFolder(Path(trainer.default_root_dir))
