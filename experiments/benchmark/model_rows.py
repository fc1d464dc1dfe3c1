"""The rows of the efficiency tables: which network, how many frames."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from torch import Tensor, nn
from torchvision.models import resnet50

from lightning_modules import RunError
from models import ECO, I3D, STM, TSM, TSN, TEINet, TSINet

NUM_CLASSES = 400
"""Both papers count parameters with 400 classes (TEINet's 30.4 M)."""

REFERENCE = "tsn-8"
"""The row that all others are compared with."""


class FoldedResNet(nn.Module):
    """torchvision's ResNet-50 on every frame: what TSN is compared with.

    Args:
        num_classes: Classes.
        num_segments: Frames of a clip, for any number.
    """

    def __init__(self, num_classes: int, *, num_segments: int = 8) -> None:
        super().__init__()
        self.resnet = resnet50(num_classes=num_classes)

    def forward(self, clips: Tensor) -> Tensor:
        """Classify clips, (B, T, 3, H, W) -> (B, num_classes)."""
        logits: Tensor = self.resnet(clips.flatten(0, 1))
        return logits.unflatten(0, clips.shape[:2]).mean(1)


class Row(NamedTuple):
    """A network at a clip length.

    Attributes:
        name: Its name on the command line.
        label: Its name in tables.
        frames: T.
        maker: Builds the network from ``(num_classes, num_segments=...)``.
    """

    name: str
    label: str
    frames: int
    maker: Callable[..., nn.Module]

    def build(self) -> nn.Module:
        """Build the network, with random weights, on torch's default device."""
        return self.maker(NUM_CLASSES, num_segments=self.frames)


def _both_lengths(name: str, label: str, maker: Callable[..., nn.Module]) -> list[Row]:
    return [Row(f"{name}-{frames}", label, frames, maker) for frames in (8, 16)]


ROWS = {
    row.name: row
    for row in (
        Row(REFERENCE, "TSN", 8, TSN),
        *_both_lengths("tsm", "TSM", TSM),
        *_both_lengths("tim", "TIM", partial(TEINet, enhancement="none")),
        *_both_lengths("teinet", "TEINet", TEINet),
        *_both_lengths("stm", "STM", STM),
        *_both_lengths("tsn-cti", "TSN + CTI", partial(TSINet, motion="none")),
        *_both_lengths("tsinet", "TSINet", TSINet),
        Row("eco-16", "ECO", 16, ECO),
        Row("i3d-32", "I3D", 32, I3D),
        Row("torchvision-8", "torchvision's ResNet-50", 8, FoldedResNet),
    )
}


def choose_rows(names: Sequence[str]) -> list[Row]:
    """Look rows up by name, in the tables' order; all of them if no name is given.

    Raises:
        RunError: If a name is unknown.
    """
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise RunError(f"--rows {unknown[0]}: no such row; choose from: {', '.join(ROWS)}")
    return [row for name, row in ROWS.items() if not names or name in names]
