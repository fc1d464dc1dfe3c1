"""Where in a training a checkpoint was saved, and how the trainer's loops go on from there."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from pytorch_lightning import Trainer
from pytorch_lightning.loops import evaluation_loop, fit_loop, training_epoch_loop


@dataclass(frozen=True)
class Position:
    """A place between two batches of a training.

    Lightning's own counters tell such places apart by the hook in which a checkpoint was saved,
    and some of them lose a validation or an epoch's end. A position says what is done, and
    `restore` sets every counter from it. Both use private attributes of Lightning's loops, so
    that only the tests of exact resuming say whether another version still works.

    Attributes:
        epochs: Epochs that are done.
        batches: Batches of the next epoch that are done; 0 where it has not begun.
        total_batches: Batches of the training that are done.
        validated: Whether the validation due after these batches, if one is, is done.
    """

    epochs: int
    batches: int
    total_batches: int
    validated: bool

    @classmethod
    def of(cls, trainer: Trainer, validated_at: int) -> Self:
        """Read a trainer's position.

        Inside a batch, or between batches whose gradients are added up, this is the last place
        where no gradient was left over: the weights' own.

        Args:
            trainer: The trainer.
            validated_at: How many batches were done when a validation was last completed.
        """
        epoch: Any = trainer.fit_loop.epoch_progress.current
        progress: Any = trainer.fit_loop.epoch_loop.batch_progress
        begun = epoch.started > epoch.processed
        batches = progress.current.processed if begun else 0
        left_over = left_over_batches(trainer)
        total = progress.total.processed - left_over
        return cls(epoch.processed, batches - left_over, total, validated_at == total)

    def restore(self, trainer: Trainer) -> None:
        """Set the loops' counters, at ``on_train_start``: after it they are only counted on.

        Args:
            trainer: A trainer that has loaded a checkpoint.
        """
        fit = trainer.fit_loop
        epoch, validation = fit.epoch_loop, fit.epoch_loop.val_loop
        begun = self.batches > 0
        for count in (fit.epoch_progress.total, fit.epoch_progress.current):
            _set(count, started=self.epochs + begun, done=self.epochs)
        _set(epoch.batch_progress.total, self.total_batches, self.total_batches)
        _set(epoch.batch_progress.current, self.batches, self.batches)
        epoch.batch_progress.is_last_batch = self.batches == trainer.num_training_batches
        assert fit._data_fetcher is not None
        due = begun and epoch._should_check_val_fx(fit._data_fetcher)
        fit._restarting = epoch._restarting = begun
        validation._restarting = False
        fit._restart_stage = _stage(fit_loop, "RESTARTED_MID_EPOCH" if begun else "NONE")
        epoch._restart_stage = _stage(training_epoch_loop, "RESTARTED_ON_LAST" if begun else "NONE")
        # Lightning's name for: validate, before any batch. It begins with the first video.
        pending = due and not self.validated
        validation._restart_stage = _stage(
            evaluation_loop, "RESTARTED_MID_EVALUATION" if pending else "NONE"
        )
        # The loggers' step. The loop adds 1 when it passes the validation, done or not.
        epoch._batches_that_stepped = trainer.global_step - due

    def state(self) -> dict[str, Any]:
        """Turn into what a checkpoint holds."""
        return asdict(self)


def left_over_batches(trainer: Trainer) -> int:
    """Count the batches since the last optimizer step, whose gradients no checkpoint holds."""
    current: Any = trainer.fit_loop.epoch_loop.batch_progress.current
    batches: int = current.processed
    if batches == trainer.num_training_batches:  # an epoch's last batch always makes a step
        return 0
    return batches % trainer.accumulate_grad_batches


def is_inside_batch(trainer: Trainer) -> bool:
    """Tell whether a batch has been begun and not been finished, as when an error is raised."""
    current: Any = trainer.fit_loop.epoch_loop.batch_progress.current
    return bool(current.started > current.processed)


def _set(count: Any, started: int, done: int) -> None:
    count.ready = count.started = started
    count.processed = count.completed = done


def _stage(module: Any, name: str) -> Any:
    return getattr(module.RestartStage, name)
