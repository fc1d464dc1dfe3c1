"""Reads a network's blocks during the first validation batch, which is always the same."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn

from lightning_modules.tensorboard.inspection import Watch


class FirstBatchCallback(Callback, ABC):
    """Reads blocks during validation's own forward pass; no other pass is run.

    The network has hooks only during this batch, and only in process 0; the clips of other
    processes are not read.
    """

    def __init__(self) -> None:
        self._watch: Watch | None = None

    @abstractmethod
    def choose(self, trainer: Trainer, network: nn.Module) -> Mapping[str, Any]:
        """Choose the blocks to read, by module name; none if there is nothing to do."""

    @abstractmethod
    def read(self, num_frames: int, block: Any, *inputs: Tensor) -> Any:
        """Read a block before it runs, given T and its inputs."""

    @abstractmethod
    def report(
        self, trainer: Trainer, network: nn.Module, clips: Tensor, readings: dict[str, Any]
    ) -> None:
        """Show the readings, by module name; clips are uint8, (B, V, T, 3, H, W)."""

    def on_validation_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Add the hooks."""
        if batch_idx > 0 or not trainer.is_global_zero:
            return
        network: Any = pl_module.network
        blocks = self.choose(trainer, network)
        if blocks:
            num_frames = batch["clips"].shape[2]
            self._watch = Watch(blocks, lambda *args: self.read(num_frames, *args))

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Remove the hooks and report."""
        if self._watch is not None:
            readings = self._watch.close()
            self._watch = None
            network: Any = pl_module.network
            self.report(trainer, network, batch["clips"], readings)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Remove the hooks."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
