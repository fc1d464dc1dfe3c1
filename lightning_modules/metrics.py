"""The metrics of one split: top-1 and top-5 accuracy, mean loss and number of videos.

B videos, K classes.
"""

import math

import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric, MetricCollection, SumMetric
from torchmetrics.classification import MulticlassConfusionMatrix


def label_ranks(scores: Tensor, labels: Tensor) -> Tensor:
    """Count the classes that are ranked before each video's label.

    A class is ranked before the label if its score is greater, or if it has the same score and a
    lower index. A class whose score is NaN is ranked before the label, too. A label whose own
    score is NaN gets rank K: it is in no top k.

    Args:
        scores: Of any precision, (B, K).
        labels: Classes from 0, (B,).

    Returns:
        Ranks from 0, the best, int64 (B,).
    """
    own = scores.gather(1, labels[:, None])  # (B, 1)
    classes = torch.arange(scores.shape[1], device=scores.device)
    before = ~(scores <= own) | ((scores == own) & (classes < labels[:, None]))  # (B, K)
    return before.sum(dim=1)


def count_confusions(num_classes: int, device: torch.device) -> MulticlassConfusionMatrix:
    """Make a counter of the predicted class for each true class, (K, K), exact over processes."""
    return MulticlassConfusionMatrix(num_classes, validate_args=False).to(device)


class TopKAccuracy(Metric):
    """Share of the videos whose label is among the k classes with the highest scores.

    torchmetrics' ``MulticlassAccuracy`` uses ``argmax`` for k = 1 and ``topk`` for k > 1. They can
    order equal scores differently, and top-5 can be lower than top-1. Here every k reads the same
    `label_ranks`. Without equal scores and NaN both give the same numbers.

    The states have the names of ``MulticlassAccuracy``, whose sums older checkpoints hold.

    Args:
        k: Number of highest-ranked classes among which the label counts as a hit.
    """

    full_state_update = False
    higher_is_better = True
    is_differentiable = False
    tp: Tensor
    fn: Tensor

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k
        self.add_state("tp", torch.tensor(0), dist_reduce_fx="sum")
        self.add_state("fn", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, ranks: Tensor) -> None:
        """Add a batch of `label_ranks`, (B,)."""
        hits = (ranks < self.k).sum()
        # Older checkpoints hold one number per class, in a tensor of shape (1,) or (K,).
        self.tp = self.tp.sum() + hits
        self.fn = self.fn.sum() + len(ranks) - hits

    def compute(self) -> Tensor:
        """Return the share so far, 0-1."""
        hits, misses = self.tp.sum(), self.fn.sum()
        return hits / (hits + misses)


class SplitMetrics(nn.Module):
    """Accumulates over an epoch; exact for batches of any size and any number of processes.

    Args:
        num_classes: K. With K < 5, top-5 counts all K classes.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.accuracy = MetricCollection(
            {f"top{k}": TopKAccuracy(min(k, num_classes)) for k in (1, 5)},
            compute_groups=False,  # torchmetrics would merge the two while their sums are equal
        )
        # By default torchmetrics ignores NaN; with "disable", version 1.9 ignores weights.
        self.loss = MeanMetric(nan_strategy=math.nan)
        self.n_videos = SumMetric()

    def update(self, scores: Tensor, labels: Tensor, loss: Tensor) -> None:
        """Add a batch.

        Args:
            scores: Logits, (B, K).
            labels: Classes from 0, (B,).
            loss: Mean loss of the batch; if it is NaN, so is the epoch's.
        """
        self.accuracy.update(label_ranks(scores, labels))
        self.loss.update(loss, weight=len(labels))
        self.n_videos.update(len(labels))

    def sums(self) -> Tensor:
        """Return the sums so far of this process alone: top-1 hits, loss, videos; (3,)."""
        top1 = self.accuracy["top1"]
        assert isinstance(top1, TopKAccuracy)
        sums = (top1.tp.sum(), self.loss.mean_value, self.n_videos.sum_value)
        return torch.stack([torch.as_tensor(value) for value in sums]).detach()

    def compute(self) -> dict[str, Tensor]:
        """Return ``top1`` and ``top5`` (0-1), ``loss`` and ``n_videos`` so far."""
        return {
            **self.accuracy.compute(),
            "loss": self.loss.compute(),
            "n_videos": self.n_videos.compute(),
        }

    def reset(self) -> None:
        """Start from zero."""
        self.accuracy.reset()
        self.loss.reset()
        self.n_videos.reset()
