"""Where in a fit a checkpoint was saved, and how the trainer's loops continue from there."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from pytorch_lightning import Trainer
from pytorch_lightning.loops import evaluation_loop, fit_loop, training_epoch_loop

KEY = "exact_resume"
"""The key of a position in a checkpoint, with the settings of its fit."""


@dataclass(frozen=True)
class LoopPosition:
    """A point between two batches of a fit.

    The values of Lightning's own counters depend on the hook in which a checkpoint was saved, and
    with some of them a resumed fit skips a validation or the end of an epoch. A `LoopPosition`
    holds what is finished, and `restore` sets every counter from it. Both read private attributes
    of Lightning's loops; only the tests of exact resuming show whether another version still works.

    Attributes:
        epochs: Finished epochs.
        batches: Finished batches of the current epoch; 0 if it has not started.
        total_batches: Finished batches of the whole fit.
        validated: Whether the validation due after these batches, if any, is finished.
    """

    epochs: int
    batches: int
    total_batches: int
    validated: bool

    @classmethod
    def of(cls, trainer: Trainer, validated_at: int) -> Self:
        """Read a trainer's position.

        Inside a batch, or between batches of one accumulation of gradients, this is the last point
        without unused gradients, because that is where the weights stand.

        Args:
            trainer: The trainer.
            validated_at: Finished batches of the fit when a validation last completed.
        """
        epoch: Any = trainer.fit_loop.epoch_progress.current
        progress: Any = trainer.fit_loop.epoch_loop.batch_progress
        started = epoch.started > epoch.processed
        batches = progress.current.processed if started else 0
        unused = accumulated_batches(trainer)
        total = progress.total.processed - unused
        return cls(epoch.processed, batches - unused, total, validated_at == total)

    def restore(self, trainer: Trainer) -> None:
        """Set the loops' counters, at ``on_train_start``; later hooks only increment them.

        Args:
            trainer: A trainer that has loaded a checkpoint.
        """
        fit = trainer.fit_loop
        epoch, validation = fit.epoch_loop, fit.epoch_loop.val_loop
        started = self.batches > 0
        for count in (fit.epoch_progress.total, fit.epoch_progress.current):
            _set(count, started=self.epochs + started, done=self.epochs)
        _set(epoch.batch_progress.total, self.total_batches, self.total_batches)
        _set(epoch.batch_progress.current, self.batches, self.batches)
        epoch.batch_progress.is_last_batch = self.batches == trainer.num_training_batches
        assert fit._data_fetcher is not None
        due = started and epoch._should_check_val_fx(fit._data_fetcher)
        fit._restarting = epoch._restarting = started
        validation._restarting = False
        fit._restart_stage = _stage(fit_loop, "RESTARTED_MID_EPOCH" if started else "NONE")
        epoch._restart_stage = _stage(
            training_epoch_loop, "RESTARTED_ON_LAST" if started else "NONE"
        )
        # Lightning's name for: validate before any batch. It starts with the first video.
        pending = due and not self.validated
        validation._restart_stage = _stage(
            evaluation_loop, "RESTARTED_MID_EVALUATION" if pending else "NONE"
        )
        # The loggers' step. The loop adds 1 when it passes the validation, run or not.
        epoch._batches_that_stepped = trainer.global_step - due

    def state(self) -> dict[str, Any]:
        """Give the plain values that a checkpoint holds."""
        return asdict(self)


def finished_epochs(position: dict[str, Any], setting: dict[str, Any]) -> int:
    """Count the epochs whose batches are all finished, also before they are validated."""
    whole = position["batches"] == setting.get("batches per epoch")
    return int(position["epochs"] + whole)


def accumulated_batches(trainer: Trainer) -> int:
    """Count the batches since the last optimizer step; no checkpoint holds their gradients."""
    current: Any = trainer.fit_loop.epoch_loop.batch_progress.current
    batches: int = current.processed
    if batches == trainer.num_training_batches:  # the last batch of an epoch always makes a step
        return 0
    return batches % trainer.accumulate_grad_batches


def is_inside_batch(trainer: Trainer) -> bool:
    """Tell whether a batch has started and not finished, such as when it raises an error."""
    current: Any = trainer.fit_loop.epoch_loop.batch_progress.current
    return bool(current.started > current.processed)


def _set(count: Any, started: int, done: int) -> None:
    count.ready = count.started = started
    count.processed = count.completed = done


def _stage(module: Any, name: str) -> Any:
    return getattr(module.RestartStage, name)
