"""Resuming as if nothing had happened: place, random numbers, and the metrics so far."""

from typing import Any

import numpy as np
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor
from torchmetrics import Metric

from lightning_modules import slurm_job
from lightning_modules.checkpoints.loop_position import Position, is_inside_batch, left_over_batches
from lightning_modules.checkpoints.moved_folder import follow_run_folder
from lightning_modules.errors import RunError

KEY = "exact_resume"
"""Where a checkpoint holds what this callback needs."""

States = dict[str, dict[str, Any]]


class ExactResume(Callback):
    """Makes a resumed fit go on as the uninterrupted one would have, bit by bit on a CPU.

    - Torch's random numbers (dropout, mixup, cutmix) begin anew in every batch, from the seed,
      the epoch, the batch and the process: no state of theirs needs to be saved.
    - A checkpoint holds the place in the training and the epoch's metrics so far, of every
      process. A validation that was due is made before the next batch.
    - In the middle of an epoch, a fit that would go on with other batches is refused; at its end,
      the schedule counts epochs on from there.

    The order of the samples and their random clips are functions of the seed and the epoch, which
    is the data's part. A checkpoint saved between the batches of an accumulation lacks their
    gradients: it is warned of, and the fit repeats them.

    Args:
        seed: Of the run.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.validated_at = -1
        self.loaded: dict[str, Any] | None = None

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add what a resumed fit needs."""
        if trainer.state.fn != "fit":
            return
        if is_inside_batch(trainer) or left_over_batches(trainer):
            rank_zero_warn(
                f"the checkpoint at step {trainer.global_step} is saved between two steps: a fit "
                "that resumes from it repeats the batches since the last one, and is not exact; "
                "--last.every_n_minutes and --last.every_n_steps wait for a step's end"
            )
        checkpoint[KEY] = {
            "position": Position.of(trainer, self.validated_at).state(),
            "setting": self._setting(trainer),
            "metrics": _gather(trainer, _metric_states(pl_module)),
            "slurm_job": slurm_job.job_id(),
        }

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep it until the trainer is ready."""
        if trainer.state.fn == "fit":
            follow_run_folder(trainer, checkpoint)
            self.loaded = checkpoint.get(KEY)
            if self.loaded is None:
                rank_zero_warn("the checkpoint does not say its place: resuming is not exact")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go to the checkpoint's place.

        Raises:
            RunError: If an epoch was begun with other batches.
        """
        loaded, self.loaded = self.loaded, None
        if loaded is None:
            return
        position = Position(**loaded["position"])
        if self._is_other(trainer, position, loaded["setting"]):
            pl_module.schedule_origin = (trainer.global_step, float(position.epochs))  # type: ignore[assignment]
        position.restore(trainer)
        if position.validated:
            self.validated_at = position.total_batches
        if position.batches:
            _set_metric_states(pl_module, loaded["metrics"][trainer.global_rank])

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Begin the batch's random numbers."""
        key = [self.seed, trainer.current_epoch, batch_idx, trainer.global_rank]
        torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0]))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note that it is done; checkpoints are saved after this."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            total: Any = trainer.fit_loop.epoch_loop.batch_progress.total
            self.validated_at = total.processed

    def _setting(self, trainer: Trainer) -> dict[str, Any]:
        """Collect what decides which samples a batch of an epoch holds."""
        return {
            "seed_everything": self.seed,
            "processes": trainer.world_size,
            "data.batch_size": getattr(trainer.datamodule, "batch_size", None),  # type: ignore[attr-defined]
            "trainer.accumulate_grad_batches": trainer.accumulate_grad_batches,
            "batches per epoch": trainer.num_training_batches,
        }

    def _is_other(self, trainer: Trainer, position: Position, there: dict[str, Any]) -> bool:
        """Say whether the epochs to come have other batches than those done."""
        here = self._setting(trainer)
        changes = [
            f"{name} {there.get(name)} -> {value}"
            for name, value in here.items()
            if there.get(name) != value
        ]
        if changes and position.batches:
            raise RunError(
                f"the checkpoint was saved after batch {position.batches} of an epoch, which "
                f"cannot go on with {', '.join(changes)}: resume with the run's own, or from a "
                "checkpoint of an epoch's end"
            )
        if changes:
            rank_zero_warn(f"resumed with {', '.join(changes)}: another training from here on")
        return bool(changes)


def _metrics(pl_module: LightningModule) -> dict[str, Metric]:
    """Find the metrics that add up over an epoch of training, by name."""
    train: Any = pl_module.metrics["train_metrics"]  # type: ignore[index]
    return {name: part for name, part in train.named_modules() if isinstance(part, Metric)}


def _metric_states(pl_module: LightningModule) -> States:
    return {
        name: {key: _on_cpu(value) for key, value in metric.metric_state.items()}
        for name, metric in _metrics(pl_module).items()
    }


def _set_metric_states(pl_module: LightningModule, states: States) -> None:
    for name, metric in _metrics(pl_module).items():
        for key, value in states[name].items():
            setattr(metric, key, value.to(metric.device) if isinstance(value, Tensor) else value)
        metric._update_count = 1  # it would warn that there is nothing to compute


def _on_cpu(value: Any) -> Any:
    return value.detach().cpu().clone() if isinstance(value, Tensor) else value


def _gather(trainer: Trainer, states: States) -> list[States]:
    """Collect all processes' states; each checkpoint is saved by all of them together."""
    if trainer.world_size == 1:
        return [states]
    gathered: list[States] = [{}] * trainer.world_size
    torch.distributed.all_gather_object(gathered, states)
    return gathered
