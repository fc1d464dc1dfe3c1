"""Shows how the kernels of TIM and CTI change; they start as a temporal shift."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from lightning_modules.tensorboard.inspection import (
    TemporalConvolution,
    blocks_of,
    by_stage,
    short_name,
)
from lightning_modules.tensorboard.pictures.kernels import KernelPair, draw_kernels
from lightning_modules.tensorboard.writer import PictureTimes, log_values, loggers_of, show


class TemporalKernels(Callback):
    """Logs ``kernels/<stage>_moved`` at every validation, draws ``kernels/<stage>`` at some.

    The scalar is the mean over channels of the L2 distance between a kernel and its initial value;
    a kernel of the temporal shift has norm 1.

    Args:
        times: Approximate number of pictures in a fit; see `PictureTimes`.
    """

    def __init__(self, times: int = 10) -> None:
        self.times = PictureTimes(times)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compare all kernels with their initial values, in process 0: all have the same."""
        if not loggers_of(trainer) or not trainer.is_global_zero:
            return
        network: Any = pl_module.network
        pairs = {
            name: KernelPair(conv.temporal_kernels().cpu(), conv.initial_kernels().cpu())
            for name, conv in blocks_of(network, TemporalConvolution).items()
        }
        due = self.times.due(trainer)
        for stage, of_stage in by_stage(network, pairs).items():
            distances = [(pair.now - pair.start).norm(dim=1).mean() for pair in of_stage.values()]
            moved = float(sum(distances) / len(distances))
            log_values(trainer, {f"kernels/{stage}_moved": moved})
            if due:
                shown = {short_name(name): pair for name, pair in of_stage.items()}
                show(trainer, f"kernels/{stage}", draw_kernels(shown))
