"""The validation clips with the highest loss, as strips of frames."""

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.nn import functional as F

from lightning_modules.gathering import gather_lists
from lightning_modules.tensorboard.pictures.clip_strips import ScoredClip, draw_clips, fit_strip
from lightning_modules.tensorboard.writer import PictureTimes, show


class WorstClips(Callback):
    """Draws ``val/worst_clips``: the first view of the videos with the highest loss.

    Each process keeps small copies of its own worst clips; they are gathered after the last batch.

    Args:
        times: Approximate number of pictures in a fit; see `PictureTimes`.
        count: How many clips to show.
    """

    def __init__(self, times: int = 10, count: int = 8) -> None:
        self.times = PictureTimes(times)
        self.count = count
        self.worst: list[ScoredClip] = []
        self.due = False

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget the clips of the previous validation."""
        self.worst = []
        self.due = self.times.due(trainer)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the worst clips so far; outputs are the batch's scores, (B, K)."""
        if not self.due:
            return
        losses = F.cross_entropy(outputs, batch["label"], reduction="none")
        highest = losses.topk(min(self.count, len(losses)))
        for loss, place in zip(highest.values.tolist(), highest.indices.tolist(), strict=True):
            if len(self.worst) < self.count or loss > self.worst[-1].loss:
                self.worst.append(_scored_clip(loss, place, outputs, batch))
                self.worst = self._select(self.worst)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Gather the worst clips of all processes and draw them."""
        if not self.due:
            return
        worst = self._select(gather_lists(self.worst, trainer))
        self.worst = []
        if worst and trainer.is_global_zero:
            names: Any = pl_module.class_names
            show(trainer, "val/worst_clips", draw_clips(worst, names))

    def _select(self, clips: list[ScoredClip]) -> list[ScoredClip]:
        return sorted(clips, key=lambda clip: -clip.loss)[: self.count]


def _scored_clip(loss: float, place: int, scores: Tensor, batch: Any) -> ScoredClip:
    probability, prediction = torch.softmax(scores[place].float(), dim=0).max(0)
    return ScoredClip(
        loss=loss,
        label=int(batch["label"][place]),
        prediction=int(prediction),
        probability=float(probability),
        path=batch["path"][place],
        frames=fit_strip(batch["clips"][place, 0]).cpu(),
    )
