"""SME's alignment maps of a fixed clip, as in figure 3 of TSI."""

from collections.abc import Mapping
from typing import Any

from pytorch_lightning import Trainer
from torch import Tensor, nn

from lightning_modules.tensorboard.first_batch_probe import FirstBatchCallback
from lightning_modules.tensorboard.inspection import Aligning, blocks_of, by_stage, short_name
from lightning_modules.tensorboard.pictures.alignment import AlignmentView, draw_alignments
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
        if not self.times.due(trainer):
            return {}
        blocks = blocks_of(network, Aligning)
        aligning = {name: block for name, block in blocks.items() if block.aligns}
        return dict(list(stage.items())[-1] for stage in by_stage(network, aligning).values())

    def read(self, num_frames: int, block: Aligning, *inputs: Tensor) -> AlignmentView:
        """Compute the maps of the middle pair of frames of the first clip."""
        t = _middle(num_frames)
        current, following = (frames[t : t + 1] for frames in inputs)
        attention = block.attention(current, following)[0]
        saliency = block.saliency(current, following)[0].mean(0)
        return AlignmentView("", attention.float().cpu(), saliency.float().cpu())

    def report(
        self, trainer: Trainer, network: nn.Module, clips: Tensor, readings: dict[str, Any]
    ) -> None:
        """Draw one row per block."""
        views = [
            view._replace(name=short_name(name))
            for name, view in readings.items()
            if view.saliency.numel() > 1
        ]
        if views:
            frames = clips[0, 0].cpu()
            t = _middle(len(frames))
            show(trainer, "alignment/first_clip", draw_alignments(frames[t], frames[t + 1], views))


def _middle(num_frames: int) -> int:
    """Return the middle t for which t+1 is a frame of the clip, too."""
    return (num_frames - 1) // 2
