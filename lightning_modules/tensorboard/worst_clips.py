"""The validation clips with the highest loss, as strips of frames."""

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2.functional import resize

from lightning_modules.gathering import gather_lists
from lightning_modules.tensorboard.pictures.clip_strips import ScoredClip, draw_clips, frame_height
from lightning_modules.tensorboard.writer import PictureTimes, show


class WorstClips(Callback):
    """Draws ``val/worst_clips``: the first view of the worst videos of all processes.

    Each process keeps small copies of its own worst; they are gathered at the end.

    Args:
        times: About how often in a fit; see `PictureTimes`.
        count: Clips to show.
    """

    def __init__(self, times: int = 10, count: int = 8) -> None:
        self.times = PictureTimes(times)
        self.count = count
        self.worst: list[ScoredClip] = []
        self.due = False

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
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
        """Keep what is worse than what is kept: outputs are the batch's scores, (B, K)."""
        if not self.due:
            return
        losses = F.cross_entropy(outputs, batch["label"], reduction="none")
        highest = losses.topk(min(self.count, len(losses)))
        for loss, place in zip(highest.values.tolist(), highest.indices.tolist(), strict=True):
            if len(self.worst) < self.count or loss > self.worst[-1].loss:
                self.worst.append(_scored_clip(loss, place, outputs, batch))
                self.worst = self._select(self.worst)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Gather the worst of all, draw."""
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
    frames = batch["clips"][place, 0]
    height = min(frame_height(len(frames)), frames.shape[-2])
    width = round(height * frames.shape[-1] / frames.shape[-2])
    return ScoredClip(
        loss=loss,
        label=int(batch["label"][place]),
        prediction=int(prediction),
        probability=float(probability),
        path=batch["path"][place],
        frames=resize(frames, [height, width], antialias=True).cpu(),
    )
