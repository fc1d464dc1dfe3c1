"""The LightningModule: a network, its loss, the metrics of each split, and multi-view scores.

B videos, V views, T frames (segments), H W pixels, K classes.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from textwrap import shorten
from typing import Any, Literal, Self, TypedDict

import torch
from pytorch_lightning import Callback, LightningModule
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from lightning_modules.batch_norm import freeze_all_but_first
from lightning_modules.checkpoints import weights_hash
from lightning_modules.checkpoints.network_settings import refuse_other_network
from lightning_modules.checkpoints.origin import Origin, loaded_from
from lightning_modules.checkpoints.provenance import (
    KEY,
    names_of_classes,
    provenance,
    refuse_other_data,
)
from lightning_modules.checkpoints.trained_network import read_checkpoint, recognizer_arguments
from lightning_modules.compilation import Compilation, require_compiler
from lightning_modules.errors import RunError
from lightning_modules.finite_loss import require_finite, require_finite_weights
from lightning_modules.metrics import SplitMetrics
from lightning_modules.mixing import ClipMixing
from lightning_modules.normalization import FrameNormalizer
from lightning_modules.optimization.optimizers import SGD, OptimizerMaker
from lightning_modules.optimization.schedules import Constant, Schedule
from lightning_modules.optimization.steps_per_epoch import steps_per_epoch
from lightning_modules.optimization.total_batch import learning_rate

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


class VideoBatch(TypedDict):
    """A batch: clips uint8 0-255, (B, T, 3, H, W) in training, else (B, V, T, 3, H, W)."""

    clips: Tensor
    label: Tensor
    index: Tensor
    path: list[str]


class Predictions(TypedDict):
    """A batch's scores, (B, K), see `VideoRecognizer.score_views`, with their videos."""

    index: Tensor
    scores: Tensor
    label: Tensor
    path: list[str]


def in_channels_last(network: nn.Module) -> nn.Module:
    """Convert the weights of 2D convolutions to channels_last; 3D ones stay unchanged."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.to(memory_format=torch.channels_last)
    return network


ORIGIN = "schedule_origin"
"""The key of `VideoRecognizer.schedule_origin` in a checkpoint."""


class VideoRecognizer(LightningModule):
    """Trains and scores a network on videos.

    Args:
        network: Maps normalised clips (B, T, 3, H, W) to logits (B, K).
        class_names: The K classes in the order of the labels.
        optimizer: The optimizer's settings; None for the papers' SGD.
        schedule: The schedule of the learning rate, applied at every step; None for a constant.
        label_smoothing: Label smoothing of the training loss, 0-1; both papers use none.
        view_fusion: The scores that are averaged over a video's views: ``logits``, as in the public
            TSN and TSM code, or ``softmax`` probabilities.
        mixing: Mixup or cutmix of the training clips; None, as in both papers, for neither.
        partial_bn: Freeze all BatchNorm layers except the first, see
            `lightning_modules.batch_norm.freeze_all_but_first`; both papers train all of them.
        allow_other_data: Warn, instead of raising an error, if a checkpoint was trained on other
            classes, another data set, another input or another setting of the network, see
            `lightning_modules.checkpoints.provenance`.
        compile: Run the network through torch.compile, see
            `lightning_modules.compilation.Compilation`. It is meant for GPUs; the first batch of
            each shape takes from tens of seconds to minutes. Checkpoints are the same with and
            without.

    Attributes:
        configuration: The model's classes and arguments as plain values, saved in checkpoints;
            set by the command line, empty otherwise.
        schedule_origin: (optimizer steps, epochs): the schedule counts epochs from this point.
            (0, 0.0) unless a fit was resumed with another number of steps per epoch.
        loaded: What the loaded checkpoint holds, and which settings differ from its training, see
            `lightning_modules.checkpoints.origin`; empty if none was loaded.

    Raises:
        RunError: If ``label_smoothing`` is out of range, or ``partial_bn`` finds no layer to
            freeze.
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
        compile: bool = False,
    ) -> None:
        super().__init__()
        if not 0 <= label_smoothing < 1:
            raise RunError(f"{label_smoothing=} must be at least 0 and below 1")
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
        self.compilation = Compilation() if compile else None
        self.configuration: dict[str, Any] = {}
        self.schedule_origin = (0, 0.0)
        self.loaded: Origin = {}
        self.metrics = nn.ModuleDict(
            {f"{split}_metrics": SplitMetrics(len(class_names)) for split in SPLITS}
        )
        self.train()

    @classmethod
    def load_from_checkpoint(cls, checkpoint_path: Any, *args: Any, **kwargs: Any) -> Self:
        """Load a recognizer with the network, the classes and the fusion of its checkpoint.

        Args:
            checkpoint_path: A checkpoint that ``train.py`` has saved.
            *args: As Lightning's method.
            **kwargs: Likewise; a ``network`` with ``class_names`` is used instead of the
                checkpoint's.

        Raises:
            RunError: If it is no such checkpoint, or its network cannot be built here.
        """
        if "network" not in kwargs:
            built = recognizer_arguments(read_checkpoint(Path(checkpoint_path)))
            kwargs = {**built, **kwargs}
        return super().load_from_checkpoint(checkpoint_path, *args, **kwargs)

    def train(self, mode: bool = True) -> Self:
        """Set training or evaluation mode; frozen BatchNorm layers stay in evaluation mode."""
        super().train(mode)
        if mode and self.partial_bn:
            freeze_all_but_first(self.network)
        return self

    def configure_callbacks(self) -> list[Callback]:
        """Give the trainer what compiles the network, before it loads any data.

        Raises:
            RunError: If this machine cannot compile.
        """
        if self.compilation is None:
            return []
        require_compiler(self.trainer.strategy.root_device)
        return [self.compilation]

    def forward(self, clips: Tensor) -> Tensor:
        """Classify clips, uint8 0-255 (B, T, 3, H, W) -> logits (B, K)."""
        return self._classify(self.normalize(clips))

    def _classify(self, normalised: Tensor) -> Tensor:
        compilation = self.compilation
        with compilation.uncompiled_if_hooked(self.network) if compilation else nullcontext():
            logits: Tensor = self.network(normalised)
        return logits.float()  # in half precision, scores are often equal by rounding

    def score_views(self, views: Tensor) -> Tensor:
        """Score videos by averaging over their views, in float32 at any precision of the network.

        Args:
            views: uint8 0-255, (B, V, T, 3, H, W).

        Returns:
            Mean logits, or the logarithm of mean probabilities, float32 (B, K); both are valid
            inputs of cross-entropy.
        """
        logits = torch.stack([self(view) for view in views.unbind(1)], dim=1)  # (B, V, K)
        if self.view_fusion == "softmax":
            return logits.log_softmax(dim=-1).logsumexp(dim=1) - math.log(views.shape[1])
        return logits.mean(dim=1)

    def training_step(self, batch: VideoBatch, batch_idx: int) -> Tensor:
        """Compute the loss of a training batch.

        For top-1 and top-5, the label of a mixed clip is its class with the highest probability.

        Raises:
            NonFiniteLossError: If the loss is NaN or infinite.
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
        """Score one view of each video; return the scores, (B, K), for callbacks."""
        return self._evaluate(batch, "val")

    def test_step(self, batch: VideoBatch, batch_idx: int) -> Tensor:
        """Score each video's views of the test protocol; return the scores, (B, K)."""
        return self._evaluate(batch, "test")

    def predict_step(self, batch: VideoBatch, batch_idx: int) -> Predictions:
        """Score each video's views of the test protocol; labels are -1 where unknown."""
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
        """Add provenance and the schedule's origin to a checkpoint.

        Raises:
            NonFiniteLossError: If a weight is NaN or infinite.
        """
        names = (name for name, _ in self.named_parameters())
        require_finite_weights(checkpoint["state_dict"], names)
        checkpoint[KEY] = provenance(self)
        checkpoint[ORIGIN] = list(self.schedule_origin)
        checkpoint[weights_hash.KEY] = weights_hash.weights_hash(checkpoint["state_dict"])

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Compare a checkpoint with the data, before its weights are loaded.

        Raises:
            RunError: If it was trained on other data or is of another network, or a fit cannot be
                resumed from it because it has no optimizer state.
        """
        if self._trainer is not None and self._trainer.state.fn == "fit":
            if "optimizer_states" not in checkpoint:
                raise RunError(
                    "the checkpoint has weights but no optimizer state (save_weights_only), so no "
                    "fit can be resumed from it; start a new one with model.network.weights"
                )
            step, epoch = checkpoint.get(ORIGIN, self.schedule_origin)
            self.schedule_origin = (int(step), float(epoch))
        there, here = checkpoint.get(KEY), provenance(self)
        differences = refuse_other_data(there, here, allow=self.allow_other_data)
        differences += refuse_other_network(there, here, allow=self.allow_other_data)
        self.loaded = loaded_from(checkpoint, differences)
        self.class_names = tuple(names_of_classes(there, here))

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Load weights as torch does, with a one-line error.

        Raises:
            RunError: If a parameter is missing, unknown, or of another shape.
        """
        try:
            return super().load_state_dict(state_dict, strict, assign)
        except RuntimeError as error:
            if not any(key.startswith("network.") for key in state_dict):
                raise RunError(
                    "the checkpoint is not of this project: its weights are named "
                    f"{next(iter(state_dict), '')}, ...; start from it with --model.network.weights"
                ) from None
            found = [shorten(line, 200).rstrip(" .") for line in str(error).splitlines()[1:3]]
            raise RunError(
                f"the checkpoint does not fit this network: {'; '.join(found)}. Give the run's own "
                "--config <run folder>/config.yaml"
            ) from None

    def configure_optimizers(self) -> Any:
        """Make the optimizer and the schedule, which changes the learning rate at every step.

        Raises:
            RunError: If the number of epochs is not known, or the learning rate depends on a
                total batch that is not known.
        """
        lr = learning_rate(self.optimizer_maker, self.trainer)
        optimizer = self.optimizer_maker.make(self.network, lr)
        steps = steps_per_epoch(self.trainer)
        max_epochs = self.trainer.max_epochs or 0

        def factor(step: int) -> float:
            first_step, first_epoch = self.schedule_origin
            return self.schedule.factor(first_epoch + (step - first_step) / steps, max_epochs)

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
        # torchmetrics has summed over the processes: self.log must not do it again.
        for name, value in metrics.compute().items():
            self.log(f"{split}/{name}", value, prog_bar=name == "top1")
        metrics.reset()

    def _split_metrics(self, split: Split) -> SplitMetrics:
        metrics = self.metrics[f"{split}_metrics"]
        assert isinstance(metrics, SplitMetrics)
        return metrics
