"""The metrics of one split: top-1, top-5, loss and how many videos they stand for."""

from torch import Tensor, nn
from torchmetrics import MeanMetric, MetricCollection, SumMetric
from torchmetrics.classification import MulticlassAccuracy


class SplitMetrics(nn.Module):
    """Accumulates over an epoch, exactly: over batches of any size and over all processes.

    Args:
        num_classes: Classes. With fewer than five, top-5 counts as many as there are.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.accuracy = MetricCollection(
            {
                f"top{k}": MulticlassAccuracy(
                    num_classes, top_k=min(k, num_classes), average="micro", validate_args=False
                )
                for k in (1, 5)
            },
            compute_groups=False,
        )
        self.loss = MeanMetric()
        self.n_videos = SumMetric()

    def update(self, scores: Tensor, labels: Tensor, loss: Tensor) -> None:
        """Add a batch.

        Args:
            scores: Logits, (B, num_classes).
            labels: Classes from 0, (B,).
            loss: Mean loss of the batch.
        """
        self.accuracy.update(scores, labels)
        self.loss.update(loss, weight=len(labels))
        self.n_videos.update(len(labels))

    def compute(self) -> dict[str, Tensor]:
        """Return ``top1`` and ``top5`` (0-1), ``loss`` and ``n_videos`` so far."""
        return {
            **self.accuracy.compute(),
            "loss": self.loss.compute(),
            "n_videos": self.n_videos.compute(),
        }

    def reset(self) -> None:
        """Forget everything."""
        self.accuracy.reset()
        self.loss.reset()
        self.n_videos.reset()
