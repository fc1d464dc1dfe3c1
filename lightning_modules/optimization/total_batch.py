"""The total batch of one optimizer step, and the learning rate scaled to it."""

from dataclasses import dataclass

from pytorch_lightning import Trainer

from lightning_modules.errors import RunError
from lightning_modules.optimization.optimizers import OptimizerMaker


@dataclass(frozen=True)
class TotalBatch:
    """The clips of one optimizer step.

    Attributes:
        processes: Training processes on all nodes together.
        clips: Clips in the batch of one process.
        accumulation: Batches whose gradients are summed before one step.
    """

    processes: int
    clips: int
    accumulation: int

    @classmethod
    def of(cls, trainer: Trainer) -> "TotalBatch":
        """Read the total batch from a trainer and its datamodule's ``batch_size``.

        Raises:
            RunError: If there is no datamodule with an integer ``batch_size``.
        """
        clips = getattr(getattr(trainer, "datamodule", None), "batch_size", None)
        if not isinstance(clips, int):
            raise RunError(
                "reference_batch_size: the data have no batch_size; train with a datamodule that "
                "has one, or give reference_batch_size=null"
            )
        return cls(trainer.world_size, clips, trainer.accumulate_grad_batches)

    @property
    def size(self) -> int:
        """Return the number of clips."""
        return self.processes * self.clips * self.accumulation

    def __str__(self) -> str:
        factors = (
            _count(self.processes, "process", "processes"),
            _count(self.clips, "clip", "clips"),
            _count(self.accumulation, "accumulation", "accumulations"),
        )
        return f"{self.size} ({' x '.join(factors)})"


def learning_rate(maker: OptimizerMaker, trainer: Trainer) -> float:
    """Compute the learning rate in use, before any schedule.

    Raises:
        RunError: If it depends on the total batch, and that is not known.
    """
    if maker.reference_batch_size is None:
        return maker.lr
    return maker.lr_at(TotalBatch.of(trainer).size)


def describe_learning_rate(maker: OptimizerMaker, batch: TotalBatch) -> str:
    """Describe the configured learning rate and the one in use, in one line of text."""
    if maker.reference_batch_size is None:
        return f"lr {maker.lr:g}, not scaled, at total batch {batch}"
    configured = f"lr {maker.lr:g} at total batch {maker.reference_batch_size}"
    return f"{configured} -> {maker.lr_at(batch.size):g} at {batch}"


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
