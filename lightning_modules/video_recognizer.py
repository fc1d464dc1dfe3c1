"""The LightningModule: a network, its loss, its metrics per split, and multi-view scores.

B videos, V views, T frames (segments), H W pixels, K classes.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, TypedDict

import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from lightning_modules.errors import RunError
from lightning_modules.metrics import SplitMetrics
from lightning_modules.normalization import FrameNormalizer
from lightning_modules.optimizers import SGD, OptimizerMaker
from lightning_modules.schedules import Constant, Schedule

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


class VideoBatch(TypedDict):
    """A batch: clips uint8 0-255, (B, T, 3, H, W) in training, (B, V, T, 3, H, W) elsewhere."""

    clips: Tensor
    label: Tensor
    index: Tensor
    path: list[str]


class Predictions(TypedDict):
    """What `VideoRecognizer.predict_step` gives: scores are logits, (B, K)."""

    index: Tensor
    scores: Tensor
    label: Tensor
    path: list[str]


def in_channels_last(network: nn.Module) -> nn.Module:
    """Lay the weights of 2D convolutions out in channels_last; others, such as 3D, stay."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


class VideoRecognizer(LightningModule):
    """Trains and scores a network on videos.

    Args:
        network: Normalised clips (B, T, 3, H, W) to logits (B, K).
        class_names: The K classes in the order of the labels.
        optimizer: Makes the optimizer; None for the papers' SGD.
        schedule: The learning rate's factor over the epochs, per step; None to keep it.
        label_smoothing: Of the training loss, 0-1; both papers train without.
        view_fusion: How a video's views are averaged: their ``logits`` (the code line's way) or
            their ``softmax`` probabilities.
    """

    def __init__(
        self,
        network: nn.Module,
        class_names: Sequence[str],
        optimizer: OptimizerMaker | None = None,
        schedule: Schedule | None = None,
        label_smoothing: float = 0.0,
        view_fusion: Literal["logits", "softmax"] = "logits",
    ) -> None:
        super().__init__()
        self.network = in_channels_last(network)
        self.normalize = FrameNormalizer()
        self.class_names = tuple(class_names)
        self.optimizer_maker = optimizer or SGD()
        self.schedule = schedule or Constant()
        self.label_smoothing = label_smoothing
        self.view_fusion = view_fusion
        self.metrics = nn.ModuleDict(
            {
                f"{split}_metrics": SplitMetrics(len(class_names))
                for split in ("train", "val", "test")
            }
        )

    def forward(self, clips: Tensor) -> Tensor:
        """Classify clips, uint8 0-255 (B, T, 3, H, W) -> logits (B, K)."""
        logits: Tensor = self.network(self.normalize(clips))
        return logits.float()  # means and ranks of half-precision logits would tie

    def score_views(self, views: Tensor) -> Tensor:
        """Average a video's views, uint8 0-255 (B, V, T, 3, H, W) -> scores (B, K).

        Scores are logits, or the logarithm of mean probabilities; cross-entropy fits both.
        """
        logits = torch.stack([self(view) for view in views.unbind(1)], dim=1)  # (B, V, K)
        if self.view_fusion == "softmax":
            return logits.log_softmax(dim=-1).logsumexp(dim=1) - math.log(views.shape[1])
        return logits.mean(dim=1)

    def training_step(self, batch: VideoBatch, batch_idx: int) -> Tensor:
        """Compute the loss of random clips."""
        logits, labels = self(batch["clips"]), batch["label"]
        loss = F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
        self.log("train/loss_step", loss, prog_bar=True)
        self._split_metrics("train").update(logits.detach(), labels, loss.detach())
        return loss

    def validation_step(self, batch: VideoBatch, batch_idx: int) -> None:
        """Score one view of each video."""
        self._evaluate(batch, "val")

    def test_step(self, batch: VideoBatch, batch_idx: int) -> None:
        """Score the protocol's views of each video."""
        self._evaluate(batch, "test")

    def predict_step(self, batch: VideoBatch, batch_idx: int) -> Predictions:
        """Score the protocol's views of each video, labelled or not."""
        return Predictions(
            index=batch["index"],
            scores=self.score_views(batch["clips"]),
            label=batch["label"],
            path=batch["path"],
        )

    def on_train_epoch_end(self) -> None:
        """Log the epoch's training metrics."""
        self._log_split("train")

    def on_validation_epoch_end(self) -> None:
        """Log the validation metrics."""
        self._log_split("val")

    def on_test_epoch_end(self) -> None:
        """Log the test metrics."""
        self._log_split("test")

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Compare a checkpoint with this network before anything is loaded.

        Raises:
            RunError: If a parameter is missing, unknown, or of another shape.
        """
        own, found = self.state_dict(), checkpoint["state_dict"]
        for key in [*own, *found]:
            shapes = [tuple(state[key].shape) if key in state else None for state in (own, found)]
            if shapes[0] != shapes[1]:
                raise RunError(
                    f"the checkpoint does not fit this network: {key} is {shapes[1]} there and "
                    f"{shapes[0]} here; give the run's own --config <run folder>/config.yaml"
                )

    def configure_optimizers(self) -> Any:
        """Make the optimizer, and the schedule as a factor per optimizer step.

        Raises:
            RunError: If the number of epochs is not known.
        """
        optimizer = self.optimizer_maker.make(self.network)
        max_epochs = self.trainer.max_epochs
        # Asking for the steps makes Lightning load the data, and so know the number of batches.
        if not max_epochs or not 0 < self.trainer.estimated_stepping_batches < math.inf:
            raise RunError("schedules count epochs: give trainer.max_epochs")
        batches = self.trainer.num_training_batches / self.trainer.accumulate_grad_batches
        steps_per_epoch = math.ceil(batches)

        def factor(step: int) -> float:
            return self.schedule.factor(step / steps_per_epoch, max_epochs)

        scheduler = LambdaLR(optimizer, factor)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def _evaluate(self, batch: VideoBatch, split: Split) -> None:
        scores, labels = self.score_views(batch["clips"]), batch["label"]
        self._split_metrics(split).update(scores, labels, F.cross_entropy(scores, labels))

    def _log_split(self, split: Split) -> None:
        metrics = self._split_metrics(split)
        # torchmetrics has already summed over the processes.
        for name, value in metrics.compute().items():
            self.log(f"{split}/{name}", value, prog_bar=name == "top1")
        metrics.reset()

    def _split_metrics(self, split: Split) -> SplitMetrics:
        metrics = self.metrics[f"{split}_metrics"]
        assert isinstance(metrics, SplitMetrics)
        return metrics
