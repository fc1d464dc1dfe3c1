"""The results of a test class by class: accuracies and confusion, as csv and as pictures."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torchmetrics.classification import MulticlassConfusionMatrix

from lightning_modules.metrics import count_confusions
from lightning_modules.tensorboard.pictures.class_accuracy import draw_class_accuracy
from lightning_modules.tensorboard.pictures.confusion import draw_confusion
from lightning_modules.tensorboard.pictures.figures import as_png

MEAN = "mean_class_accuracy"
"""In metrics.json: the mean of the classes' accuracies, 0-1, without classes that have no video."""


class ClassResults(Callback):
    """Counts the confusions of every test, and makes its class results of them.

    These are ``results/<test>_classes.csv`` and ``.png``, ``results/<test>_confusion.csv`` and
    ``.png``. `MetricsFile` writes them, because it chooses the test's name; ``metrics.json`` has
    the mean of the classes' accuracies, too.
    """

    metric: MulticlassConfusionMatrix
    counts: Tensor

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start counting."""
        names: Any = pl_module.class_names
        self.metric = count_confusions(len(names), pl_module.device)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count a batch; outputs are its scores, (B, K)."""
        self.metric.update(outputs, batch["label"])

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sum over processes; log the mean of the classes' accuracies."""
        self.counts = self.metric.compute().cpu()
        videos = self.counts.sum(1)
        present = videos > 0
        accuracies = self.counts.diagonal()[present] / videos[present]
        pl_module.log(f"test/{MEAN}", accuracies.mean())

    def files(self, class_names: Sequence[str]) -> dict[str, str | memoryview]:
        """Make the files of the latest test of this process.

        Returns:
            The contents by their endings, see `RESULT_FILES`.
        """
        return {
            "classes.csv": _class_table(self.counts, class_names),
            "classes.png": as_png(draw_class_accuracy(self.counts, class_names)),
            "confusion.csv": _matrix(self.counts, class_names),
            "confusion.png": as_png(draw_confusion(self.counts, class_names)),
        }


def _class_table(counts: Tensor, class_names: Sequence[str]) -> str:
    """Write one class a row: its videos, accuracy (0-1) and most common confusion."""
    right, videos = counts.diagonal().tolist(), counts.sum(1).tolist()
    wrong, confused = counts.clone().fill_diagonal_(0).max(1)
    head = ("class", "videos", "correct", "accuracy", "most_confused_with", "confused_videos")
    rows = (
        (
            *(name, videos[k], right[k], f"{right[k] / videos[k]:.4f}" if videos[k] else ""),
            *((class_names[int(confused[k])], int(wrong[k])) if wrong[k] else ("", "")),
        )
        for k, name in enumerate(class_names)
    )
    return _csv([head, *rows])


def _matrix(counts: Tensor, class_names: Sequence[str]) -> str:
    """Write numbers of videos by label (rows) and prediction (columns)."""
    rows = ([name, *row] for name, row in zip(class_names, counts.tolist(), strict=True))
    return _csv([["label", *class_names], *rows])


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
