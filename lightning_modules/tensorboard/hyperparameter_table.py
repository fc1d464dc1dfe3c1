"""TensorBoard's HParams tab: a run's hyperparameters beside its accuracy."""

from collections.abc import Mapping
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.utilities import rank_zero_only
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from torch.utils.tensorboard.summary import hparams

from lightning_modules.monitored import BETTER
from lightning_modules.tensorboard.writer import boards_of, loggers_of, step_of

Value = bool | int | float | str

FIRST = ("network", "optimizer.lr")
"""The first columns. TensorBoard sorts columns by name, those that are marked as different first.
"""


class HyperparameterTable(Callback):
    """Writes one row per run: hyperparameters, and top-1 and top-5 of validation, final and best.

    ``final/...`` is from the latest validation, ``best/...`` from the best one by the metric that
    chooses ``best.ckpt``, if it is loss, top-1 or top-5 of the validation, else by top-1.
    The row is written from the first validation on, so that stopped runs are listed, too. It is
    part of the run's own event file, and ``hparams.yaml`` has the same values. Other loggers than
    TensorBoard's get the hyperparameters alone.

    Args:
        values: Hyperparameters by name.
        monitor: The metric that chooses ``best.ckpt``.
    """

    def __init__(self, values: Mapping[str, Value], monitor: str | None = None) -> None:
        self.values = dict(values)
        known = monitor is not None and monitor in BETTER and monitor.startswith("val/")
        self.metric = monitor if known and monitor else "val/top1"
        self.best: dict[str, float] = {}
        self.best_value: float | None = None

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
        value = float(trainer.callback_metrics[self.metric])
        sign = 1 if BETTER[self.metric] == "max" else -1
        if self.best_value is None or sign * value > sign * self.best_value:
            self.best, self.best_value = final, value
        metrics = {f"final/{name}": value for name, value in final.items()}
        metrics |= {f"best/{name}": value for name, value in self.best.items()}
        for board in boards:
            _write_row(board, self.values, metrics, step_of(trainer))

    def state_dict(self) -> dict[str, Any]:
        """Save the best metrics, so that a resumed fit knows them."""
        return {"best": self.best, "monitor": self.metric, "value": self.best_value}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best metrics, unless another metric has chosen them."""
        best = state_dict["best"]  # without the other two in older checkpoints
        if best and state_dict.get("monitor", "val/top1") == self.metric:
            self.best, self.best_value = best, state_dict.get("value", best["top1"])


@rank_zero_only
def _write_row(
    board: TensorBoardLogger, values: Mapping[str, Value], metrics: dict[str, float], step: int
) -> None:
    """Write what `TensorBoardLogger.log_hyperparams` does, with `FIRST` as the first columns."""
    board.log_metrics(metrics, step)
    experiment, start, end = hparams(dict(values), metrics)
    plugin = experiment.value[0].metadata.plugin_data
    columns = HParamsPluginData.FromString(plugin.content)
    for column in columns.experiment.hparam_infos:
        column.differs = column.name in FIRST
    plugin.content = columns.SerializeToString()
    writer = board.experiment._get_file_writer()
    for summary in (experiment, start, end):
        writer.add_summary(summary, step)
