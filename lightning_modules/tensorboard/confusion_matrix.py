"""Confusion matrix and accuracy of each class on the validation videos, as pictures."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torchmetrics.classification import MulticlassConfusionMatrix

from lightning_modules.metrics import count_confusions
from lightning_modules.tensorboard.pictures.class_accuracy import draw_class_accuracy
from lightning_modules.tensorboard.pictures.confusion import draw_confusion
from lightning_modules.tensorboard.writer import PictureTimes, show


class ConfusionMatrix(Callback):
    """Draws ``val/confusion`` and ``val/classes`` from the videos of all processes.

    Args:
        times: Approximate number of pictures in a fit; see `PictureTimes`.
    """

    def __init__(self, times: int = 10) -> None:
        self.times = PictureTimes(times)
        self.metric: MulticlassConfusionMatrix | None = None

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start a new matrix if this validation is to be drawn."""
        self.metric = None
        if self.times.due(trainer):
            names: Any = pl_module.class_names
            self.metric = count_confusions(len(names), pl_module.device)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count a batch; outputs are its scores, (B, K)."""
        if self.metric is not None:
            self.metric.update(outputs, batch["label"])

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sum over processes and draw."""
        if self.metric is None:
            return
        counts = self.metric.compute().cpu()
        self.metric = None
        if trainer.is_global_zero:
            names: Any = pl_module.class_names
            show(trainer, "val/confusion", draw_confusion(counts, names))
            show(trainer, "val/classes", draw_class_accuracy(counts, names))
