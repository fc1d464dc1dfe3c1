"""Runs train.py's fit for a number of steps with a clock, from files or from data in memory."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.utils.data import DataLoader

from datamodules.base import VideoDataModule
from datamodules.loading.video_records import VideoRecords
from experiments.benchmark.data_module import take_few
from experiments.cli.command_line import RecognitionCLI
from lightning_modules import RunError

TRANSFERS = 10


class Plan(NamedTuple):
    """What is measured.

    Attributes:
        videos: At most so many different ones.
        warmup: Untimed steps; the first compiles, and fills caches and the loader's queues.
        steps: Timed steps.
    """

    videos: int
    warmup: int
    steps: int

    @property
    def batches(self) -> int:
        """The batches of a fit."""
        return self.warmup + self.steps


class StepClock(Callback):
    """Measures training steps and ends the fit after them.

    Args:
        plan: How many.

    Attributes:
        seconds: Of all timed steps together.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.seconds = 0.0
        self._start = 0.0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Start after the warm-up, stop after the last step; wait for the GPU both times."""
        if batch_idx + 1 not in (self.plan.warmup, self.plan.batches):
            return
        wait_for(pl_module.device)
        if batch_idx + 1 == self.plan.warmup:
            self._start = perf_counter()
        else:
            self.seconds = perf_counter() - self._start
            trainer.should_stop = True


class PreparedFit(RecognitionCLI):
    """A fit of train.py that is built, and waits for `run`. Nothing is validated.

    Args:
        arguments: As for ``train.py fit``.
        run_dir: A new folder.
        plan: What is measured.

    Raises:
        RunError: If several processes would train.
    """

    def __init__(self, arguments: Sequence[str], run_dir: Path, plan: Plan) -> None:
        self.plan = plan
        own = (f"--run_dir={run_dir}", "--checkpoint.monitor=null", "--trainer.logger=true")
        super().__init__(["fit", *arguments, *own, "--trainer.enable_progress_bar=false"])

    @property
    def data(self) -> VideoDataModule:
        """The data module, with a few videos."""
        data: VideoDataModule = self.datamodule
        return data

    @property
    def device(self) -> torch.device:
        """Where the network is trained."""
        device: torch.device = self.trainer.strategy.root_device
        return device

    def instantiate_classes(self) -> None:
        """Build everything; take a few videos, before a fit would scan all of them."""
        super().instantiate_classes()
        if self.trainer.world_size > 1:
            raise RunError("the benchmark trains in one process; leave trainer.devices at 1")
        self.videos = self._take(self.plan.videos)
        self.data.records["val"] = VideoRecords.of([], [], [])

    def _run_subcommand(self, subcommand: str) -> None:
        """Wait for `run`."""

    def _take(self, clips: int) -> int:
        """Have the training split hold so many clips of a few videos; count these videos."""
        return take_few(self.data, "train", self.plan.videos, at_least=clips)

    def first_batch(self) -> Any:
        """Load one batch of clips in this process, and move it to the device."""
        self._take(self.data.batch_size)
        workers, self.data.num_workers = self.data.num_workers, 0
        batch = next(iter(self.data.train_dataloader()))
        self.data.num_workers = workers
        return self.trainer.strategy.batch_to_device(batch)

    def run(self, batch: Any = None) -> float:
        """Train, once.

        Args:
            batch: On the device, for every step; None to read files.

        Returns:
            Clips per second.
        """
        data, clips = self.data, self.data.batch_size
        self._take(self.plan.batches * clips)
        if batch is not None:
            batches: Any = [batch] * self.plan.batches
            loader: DataLoader[Any] = DataLoader(batches, batch_size=None)
            data.train_dataloader = lambda: loader  # type: ignore[method-assign]
        clock = StepClock(self.plan)
        self.trainer.callbacks.append(clock)  # type: ignore[attr-defined]
        super()._run_subcommand("fit")
        return self.plan.steps * clips / clock.seconds


def transfer_rate(batch: Any, device: torch.device) -> float | None:
    """Measure how many clips per second are copied from pinned memory to a GPU; None on a CPU."""
    if device.type == "cpu":
        return None
    clips: Tensor = batch["clips"].cpu().pin_memory()
    seconds = []
    for _ in range(TRANSFERS):
        wait_for(device)
        start = perf_counter()
        clips.to(device, non_blocking=True)
        wait_for(device)
        seconds.append(perf_counter() - start)
    return len(clips) / min(seconds)


def wait_for(device: torch.device) -> None:
    """Wait until a GPU has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
