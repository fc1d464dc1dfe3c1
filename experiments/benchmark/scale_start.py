"""Starts a fit as train.py does, notes what it costs, and ends with the first step.

Run by `experiments.benchmark.scale` in processes of their own.
"""

import json
import re
import sys
from contextlib import suppress
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from datamodules import Kinetics400, VideoList
from datamodules.base import VideoDataModule

STATUS = Path("/proc/self/status")
PEAK, FORGET = Path("/proc/self/clear_refs"), "5"
MEMORY = {"own": "RssAnon", "all": "VmRSS", "peak": "VmHWM"}
"""Resident memory that no other process uses, that of mapped files included, and its maximum."""


def main(kind: str, source: str, index: str, results: str, processes: str) -> None:
    """Start a fit.

    Args:
        kind: ``csv`` or ``kinetics``.
        source: The csv, or the data set's folder.
        index: Folder of the index.
        results: Folder of the results, ``<rank>.json``.
        processes: How many train together; Lightning launches them.
    """
    torch.set_num_threads(1)
    notes = StartNotes(Path(results))
    settings: dict[str, Any] = {"index_dir": index, "num_workers": 0, "batch_size": 2}
    settings |= {"short_side": 32, "crop_size": 32}
    data: VideoDataModule
    if kind == "csv":
        data = VideoList(source, root=str(Path(source).parent / "videos"), **settings)
    else:
        data = Kinetics400(source, check_counts=False, **settings)
    data.read_lists("fit")
    notes.add("list")
    trainer = Trainer(
        accelerator="cpu",
        devices=int(processes),
        strategy="ddp" if int(processes) > 1 else "auto",
        callbacks=[notes],
        limit_train_batches=1,
        limit_val_batches=0,
        max_epochs=1,
        use_distributed_sampler=False,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Mean(), datamodule=data)


class StartNotes(Callback):
    """Notes time and memory at the steps of a start.

    Args:
        folder: Of the results.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps: dict[str, dict[str, float]] = {}
        with suppress(OSError):  # some containers refuse it; the imports' peak then counts too
            PEAK.write_text(FORGET)
        self.before = memory()
        self.cpu, self.wall = process_time(), perf_counter()

    def add(self, step: str) -> None:
        """Note what has been used since the last step, and the memory above that of the imports."""
        cpu, wall = process_time(), perf_counter()
        used = {name: size - self.before[name] for name, size in memory().items()}
        self.steps[step] = {"cpu": cpu - self.cpu, "wall": wall - self.wall, **used}
        self.cpu, self.wall = process_time(), perf_counter()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Note that the data module has its records."""
        self.add("videos")

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Note that the first batch is there; then time the order of a whole epoch."""
        self.add("batch")
        loader: Any = trainer.train_dataloader
        count = sum(1 for _ in loader.sampler)
        self.add("order")
        content = {"steps": self.steps, "keys": count}
        (self.folder / f"{trainer.global_rank}.json").write_text(json.dumps(content))


class Mean(LightningModule):
    """A network of one weight, which costs nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Return a loss."""
        loss: Tensor = self.layer(batch["clips"].float().mean().view(1, 1)).sum()
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return an optimizer."""
        return torch.optim.SGD(self.parameters(), lr=0.1)


def memory() -> dict[str, float]:
    """Ask the kernel for this process's memory, MB."""
    status = STATUS.read_text()
    found = {name: re.search(rf"{field}:\s+(\d+) kB", status) for name, field in MEMORY.items()}
    return {name: int(match[1]) / 1000 for name, match in found.items() if match}


if __name__ == "__main__":
    main(*sys.argv[1:])
