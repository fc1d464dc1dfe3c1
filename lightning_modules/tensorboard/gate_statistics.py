"""The gates of MEM: mean, standard deviation and histogram per stage."""

from collections.abc import Mapping
from typing import Any

import torch
from pytorch_lightning import Trainer
from torch import Tensor, nn

from lightning_modules.tensorboard.first_batch_probe import FirstBatchCallback
from lightning_modules.tensorboard.inspection import Gating, blocks_of, by_stage
from lightning_modules.tensorboard.writer import boards_of, log_values, loggers_of, step_of

CLIPS = 8


class GateStatistics(FirstBatchCallback):
    """Logs ``gates/<stage>_mean``, ``gates/<stage>_std`` and a histogram at every validation.

    They are computed over the first 8 validation clips: all channels, all frames but the last. Only
    TensorBoard gets the histogram.
    """

    def choose(self, trainer: Trainer, network: nn.Module) -> Mapping[str, Any]:
        """Choose all blocks that have gates."""
        return blocks_of(network, Gating) if loggers_of(trainer) else {}

    def read(self, num_frames: int, block: Gating, *inputs: Tensor) -> Tensor:
        """Compute the gates of the first clips, flattened."""
        return block.motion_gates(inputs[0][: CLIPS * num_frames]).float().flatten()

    def report(
        self, trainer: Trainer, network: nn.Module, clips: Tensor, readings: dict[str, Any]
    ) -> None:
        """Log the gates of each stage."""
        values = {}
        for stage, gates_by_block in by_stage(network, readings).items():
            gates = torch.cat(list(gates_by_block.values()))
            values[f"gates/{stage}_mean"] = float(gates.mean())
            values[f"gates/{stage}_std"] = float(gates.std())
            for board in boards_of(trainer):
                board.experiment.add_histogram(f"gates/{stage}", gates, step_of(trainer))
        log_values(trainer, values)
