"""TensorBoard's HParams tab: a run's hyperparameters beside its accuracy."""

from collections.abc import Mapping
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from lightning_modules.tensorboard.writer import boards_of, loggers_of, step_of

Value = bool | int | float | str


class HyperparameterTable(Callback):
    """Writes one row per run: hyperparameters, and top-1 and top-5 of validation, final and best.

    ``final/...`` is from the latest validation, ``best/...`` from the one with the highest top-1.
    The row is written from the first validation on, so that stopped runs are listed, too. It is
    part of the run's own event file, and ``hparams.yaml`` has the same values. Other loggers than
    TensorBoard's get the hyperparameters alone.

    Args:
        values: Hyperparameters by name.
    """

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.values = dict(values)
        self.best: dict[str, float] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give the logger the values before it saves ``hparams.yaml``."""
        boards = boards_of(trainer)
        for logger in loggers_of(trainer):
            if logger not in boards:
                logger.log_hyperparams(self.values)
        for board in boards:
            board.log_hyperparams(self.values, metrics={})  # without metrics, no event is written

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the row with the metrics so far."""
        boards = boards_of(trainer)
        if not boards:
            return
        final = {k: float(trainer.callback_metrics[f"val/{k}"]) for k in ("top1", "top5")}
        if not self.best or final["top1"] > self.best["top1"]:
            self.best = final
        metrics = {f"final/{name}": value for name, value in final.items()}
        metrics |= {f"best/{name}": value for name, value in self.best.items()}
        for board in boards:
            board.log_hyperparams(self.values, metrics=metrics, step=step_of(trainer))

    def state_dict(self) -> dict[str, Any]:
        """Save the best metrics, so that a resumed fit knows them."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best metrics."""
        self.best = state_dict["best"]
