"""A network that trains in milliseconds, with BatchNorm and dropout."""

from torch import Tensor, nn


class SmallNetwork(nn.Module):
    """Two convolutions with BatchNorm over all frames, a mean over the clip, dropout, a classifier.

    Args:
        num_classes: K.
        num_segments: T, not used: frames are only averaged.
        dropout: Probability before the classifier.
    """

    def __init__(self, num_classes: int, num_segments: int = 4, dropout: float = 0.5) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=4), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3)
        )
        self.norm = nn.BatchNorm2d(8)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(8, num_classes)

    def forward(self, clips: Tensor) -> Tensor:
        """Classify clips, (B, T, 3, H, W) -> (B, K)."""
        maps = self.norm(self.layers(clips.flatten(0, 1))).relu()  # (B*T, 8, H', W')
        features = maps.mean((2, 3)).unflatten(0, clips.shape[:2]).mean(1)
        logits: Tensor = self.fc(self.dropout(features))
        return logits
