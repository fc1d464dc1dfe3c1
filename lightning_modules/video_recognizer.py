"""The LightningModule: a network, its loss, its metrics per split, and multi-view scores.

B videos, V views, T frames (segments), H W pixels, K classes.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, Self, TypedDict

import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from lightning_modules.batch_norm import freeze_all_but_first
from lightning_modules.checkpoints.provenance import (
    KEY,
    names_of_classes,
    provenance,
    refuse_other_data,
)
from lightning_modules.errors import RunError
from lightning_modules.finite_loss import require_finite, require_finite_weights
from lightning_modules.metrics import SplitMetrics
from lightning_modules.mixing import ClipMixing
from lightning_modules.normalization import FrameNormalizer
from lightning_modules.optimization.optimizers import SGD, OptimizerMaker
from lightning_modules.optimization.schedules import Constant, Schedule
from lightning_modules.optimization.total_batch import learning_rate

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
            parameter.data = parameter.data.to(memory_format=torch.channels_last)
    return network


ORIGIN = "schedule_origin"
"""Where a checkpoint holds `VideoRecognizer.schedule_origin`."""


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
        mixing: Mixes the clips of a training batch; None, as in both papers, mixes nothing.
        partial_bn: Freeze all BatchNorm layers but the first, see
            `lightning_modules.batch_norm.freeze_all_but_first`; both papers train them all.
        allow_other_data: Whether a checkpoint may meet other classes, another data set or another
            input than it was trained on, with a warning; see
            `lightning_modules.checkpoints.provenance`.

    Attributes:
        configuration: How the model was built, in plain values, for checkpoints; who builds it
            may say so.
        schedule_origin: Optimizer steps, and the epochs that they were, from where the schedule
            counts epochs on: not from the start where a resumed fit has other steps per epoch.

    Raises:
        RunError: If ``partial_bn`` finds no layer to freeze.
    """

    def __init__(
        self,
        network: nn.Module,
        class_names: Sequence[str],
        optimizer: OptimizerMaker | None = None,
        schedule: Schedule | None = None,
        label_smoothing: float = 0.0,
        view_fusion: Literal["logits", "softmax"] = "logits",
        mixing: ClipMixing | None = None,
        partial_bn: bool = False,
        allow_other_data: bool = False,
    ) -> None:
        super().__init__()
        self.network = in_channels_last(network)
        self.normalize = FrameNormalizer()
        self.class_names = tuple(class_names)
        self.optimizer_maker = optimizer or SGD()
        self.schedule = schedule or Constant()
        self.label_smoothing = label_smoothing
        self.view_fusion = view_fusion
        self.mixing = mixing
        self.partial_bn = partial_bn
        self.allow_other_data = allow_other_data
        self.configuration: dict[str, Any] = {}
        self.schedule_origin = (0, 0.0)
        self.metrics = nn.ModuleDict(
            {
                f"{split}_metrics": SplitMetrics(len(class_names))
                for split in ("train", "val", "test")
            }
        )
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation; frozen BatchNorm layers stay in evaluation."""
        super().train(mode)
        if mode and self.partial_bn:
            freeze_all_but_first(self.network)
        return self

    def forward(self, clips: Tensor) -> Tensor:
        """Classify clips, uint8 0-255 (B, T, 3, H, W) -> logits (B, K)."""
        return self._classify(self.normalize(clips))

    def _classify(self, normalised: Tensor) -> Tensor:
        logits: Tensor = self.network(normalised)
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
        """Compute the loss of random clips; mixed ones count as their likelier class in top-k.

        Raises:
            NonFiniteLossError: If the loss is not finite, before any weight changes.
        """
        clips, labels = self.normalize(batch["clips"]), batch["label"]
        targets = labels
        if self.mixing is not None:
            clips, targets = self.mixing(clips, labels, len(self.class_names))
            labels = targets.argmax(dim=1)
        logits = self._classify(clips)
        loss = F.cross_entropy(logits, targets, label_smoothing=self.label_smoothing)
        require_finite(loss, batch["path"], self._trainer)
        self.log("train/loss_step", loss, prog_bar=True)
        self._split_metrics("train").update(logits.detach(), labels, loss.detach())
        return loss

    def validation_step(self, batch: VideoBatch, batch_idx: int) -> Tensor:
        """Score one view of each video; callbacks get the scores, (B, K)."""
        return self._evaluate(batch, "val")

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

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Let a checkpoint say where it comes from.

        Raises:
            NonFiniteLossError: If its weights are not finite.
        """
        names = (name for name, _ in self.named_parameters())
        require_finite_weights(checkpoint["state_dict"], names)
        checkpoint[KEY] = provenance(self)
        checkpoint[ORIGIN] = list(self.schedule_origin)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Compare a checkpoint with the data and this network before anything is loaded.

        Raises:
            RunError: If it was trained on other data, or a parameter is missing, unknown, or of
                another shape, or a fit finds no optimizer to go on with.
        """
        fits = self._trainer is not None and self._trainer.state.fn == "fit"
        if fits:
            step, epoch = checkpoint.get(ORIGIN, self.schedule_origin)
            self.schedule_origin = (int(step), float(epoch))
        if fits and "optimizer_states" not in checkpoint:
            raise RunError(
                "the checkpoint holds weights without their optimizer (save_weights_only), so no "
                "fit can go on from it; begin a new one with model.network.weights"
            )
        there, here = checkpoint.get(KEY), provenance(self)
        refuse_other_data(there, here, allow=self.allow_other_data)
        self.class_names = tuple(names_of_classes(there, here))
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
            RunError: If the number of epochs is not known, or the total batch that the
                learning rate depends on.
        """
        lr = learning_rate(self.optimizer_maker, self.trainer)
        optimizer = self.optimizer_maker.make(self.network, lr)
        max_epochs = self.trainer.max_epochs
        # Asking for the steps makes Lightning load the data, and so know the number of batches.
        if (
            not max_epochs
            or max_epochs < 0
            or not 0 < self.trainer.estimated_stepping_batches < math.inf
        ):
            raise RunError("schedules count epochs: give trainer.max_epochs")
        batches = self.trainer.num_training_batches / self.trainer.accumulate_grad_batches
        steps_per_epoch = math.ceil(batches)

        def factor(step: int) -> float:
            first, epochs = self.schedule_origin
            return self.schedule.factor(epochs + (step - first) / steps_per_epoch, max_epochs)

        scheduler = LambdaLR(optimizer, factor)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def _evaluate(self, batch: VideoBatch, split: Split) -> Tensor:
        scores, labels = self.score_views(batch["clips"]), batch["label"]
        self._split_metrics(split).update(scores, labels, F.cross_entropy(scores, labels))
        return scores

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
