"""Exact resuming: the position in the fit, the random numbers, and the epoch's metrics so far."""

from typing import Any

import numpy as np
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor
from torchmetrics import Metric

from lightning_modules import slurm_job
from lightning_modules.checkpoints.loop_position import (
    KEY,
    LoopPosition,
    accumulated_batches,
    is_inside_batch,
)
from lightning_modules.checkpoints.moved_folder import update_folder
from lightning_modules.errors import RunError

States = dict[str, dict[str, Any]]


class ExactResume(Callback):
    """Makes a resumed fit equal to the uninterrupted one, to the last bit on a CPU.

    - Torch's random numbers (dropout, mixup, cutmix) are seeded in every batch, from the run's
      seed, the epoch, the batch and the process, so that no random state needs to be saved.
    - A checkpoint holds the position in the fit and every process's metrics of the epoch so far.
      A validation that was due runs before the next batch.
    - Inside an epoch, a fit with other batches is refused. At the end of an epoch it is allowed;
      the schedule then counts epochs from there.

    The order of the samples and their random clips are functions of seed and epoch; the data
    module computes them. A checkpoint that is saved inside an accumulation lacks the accumulated
    gradients: it gives a warning, and the resumed fit repeats those batches.

    Args:
        seed: The run's seed.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.validated_at = -1
        self.loaded: dict[str, Any] | None = None

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the position, the settings and the metrics."""
        if trainer.state.fn != "fit":
            return
        if is_inside_batch(trainer) or accumulated_batches(trainer):
            rank_zero_warn(
                f"the checkpoint at step {trainer.global_step} is saved between two steps: a fit "
                "that resumes from it repeats the batches since the last step and is not exact; "
                "--last.every_n_minutes and --last.every_n_steps wait for the end of a step"
            )
        checkpoint[KEY] = {
            "position": LoopPosition.of(trainer, self.validated_at).state(),
            "setting": self._setting(trainer),
            "metrics": _gather(trainer, _metric_states(pl_module)),
            "slurm_job": slurm_job.job_id(),
        }

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep the values until the trainer is ready."""
        if trainer.state.fn == "fit":
            update_folder(trainer, checkpoint)
            self.loaded = checkpoint.get(KEY)
            if self.loaded is None:
                rank_zero_warn("the checkpoint holds no position: resuming is not exact")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore the checkpoint's position.

        Raises:
            RunError: If the unfinished epoch was trained with other batches.
        """
        loaded, self.loaded = self.loaded, None
        if loaded is None:
            return
        position = LoopPosition(**loaded["position"])
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
        """Seed the batch's random numbers."""
        key = [self.seed, trainer.current_epoch, batch_idx, trainer.global_rank]
        torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0]))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember that it is finished; checkpoints are saved after this."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            total: Any = trainer.fit_loop.epoch_loop.batch_progress.total
            self.validated_at = total.processed

    def _setting(self, trainer: Trainer) -> dict[str, Any]:
        """Collect the settings that determine the samples of each batch."""
        return {
            "seed_everything": self.seed,
            "processes": trainer.world_size,
            "data.batch_size": getattr(trainer.datamodule, "batch_size", None),  # type: ignore[attr-defined]
            "trainer.accumulate_grad_batches": trainer.accumulate_grad_batches,
            "batches per epoch": trainer.num_training_batches,
        }

    def _is_other(self, trainer: Trainer, position: LoopPosition, there: dict[str, Any]) -> bool:
        """Tell whether the next epochs have other batches than the finished ones.

        Raises:
            RunError: If they do, inside an epoch.
        """
        here = self._setting(trainer)
        changes = [
            f"{name} {there.get(name)} -> {value}"
            for name, value in here.items()
            if there.get(name) != value
        ]
        if changes and position.batches:
            raise RunError(
                f"the checkpoint was saved after batch {position.batches} of an epoch, which "
                f"cannot continue with {', '.join(changes)}: resume with the run's own settings, "
                "or from a checkpoint of the end of an epoch"
            )
        if changes:
            rank_zero_warn(f"resumed with {', '.join(changes)}: another training from here on")
        return bool(changes)


def _metrics(pl_module: LightningModule) -> dict[str, Metric]:
    """Give the metrics of the training by name; they accumulate over an epoch."""
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
        metric._update_count = 1  # without updates it warns that there is nothing to compute


def _on_cpu(value: Any) -> Any:
    return value.detach().cpu().clone() if isinstance(value, Tensor) else value


def _gather(trainer: Trainer, states: States) -> list[States]:
    """Collect the states of all processes, which save a checkpoint together."""
    if trainer.world_size == 1:
        return [states]
    gathered: list[States] = [{}] * trainer.world_size
    torch.distributed.all_gather_object(gathered, states)
    return gathered
