"""SME's alignment maps of a fixed clip, as in figure 3 of TSI."""

from collections.abc import Mapping
from typing import Any

from pytorch_lightning import Trainer
from torch import Tensor, nn

from lightning_modules.tensorboard.alignment_views import (
    draw_middle_pair,
    last_aligning,
    view_middle_pair,
)
from lightning_modules.tensorboard.first_batch_probe import FirstBatchCallback
from lightning_modules.tensorboard.inspection import Aligning
from lightning_modules.tensorboard.pictures.alignment import AlignmentView
from lightning_modules.tensorboard.writer import PictureTimes, show


class AlignmentMaps(FirstBatchCallback):
    """Draws ``alignment/first_clip``: frames t and t+1 at the middle of the first validation clip.

    The last aligning block of each stage is drawn, unless its map has only one position.

    Args:
        times: Approximate number of pictures in a fit; see `PictureTimes`.
    """

    def __init__(self, times: int = 10) -> None:
        super().__init__()
        self.times = PictureTimes(times)

    def choose(self, trainer: Trainer, network: nn.Module) -> Mapping[str, Any]:
        """Choose the last aligning block of each stage."""
        return last_aligning(network) if self.times.due(trainer) else {}

    def read(self, num_frames: int, block: Aligning, *inputs: Tensor) -> AlignmentView:
        """Compute the maps of the middle pair of frames of the first clip."""
        return view_middle_pair(num_frames, block, *inputs)

    def report(
        self, trainer: Trainer, network: nn.Module, clips: Tensor, readings: dict[str, Any]
    ) -> None:
        """Draw one row per block."""
        figure = draw_middle_pair(clips[0, 0].cpu(), readings)
        if figure is not None:
            show(trainer, "alignment/first_clip", figure)
