"""Shared by these tests: short fits of tiny networks, and their TensorBoard logs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import LightningDataModule, Trainer
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor, nn
from torch.utils.data import DataLoader

from lightning_modules import VideoRecognizer
from lightning_modules.callbacks import RecipeReport
from lightning_modules.video_recognizer import VideoBatch
from tests.lightning_modules.glass import VALIDATION, Glass, batch_of, loader_of

CLASSES = ("dark", "bright", "none of these")


class TinyNetwork(nn.Module):
    """Two convolutions with BatchNorm over all frames, a mean over the clip, a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)
        )
        self.fc = nn.Linear(4, len(CLASSES))

    def forward(self, clips: Tensor) -> Tensor:
        maps = self.layers(clips.flatten(0, 1))  # (B*T, 4, H, W)
        logits: Tensor = self.fc(maps.mean((2, 3)).unflatten(0, clips.shape[:2]).mean(1))
        return logits


class TinyClips(LightningDataModule):
    """Eight random clips of two frames of 4 x 4 pixels, always in the same order."""

    def __init__(self, batch_size: int = 2) -> None:
        super().__init__()
        self.batch_size = batch_size

    def train_dataloader(self) -> Any:
        return self._loader(self.batch_size, views=False)

    def val_dataloader(self) -> Any:
        return self._loader(4, views=True)

    def _loader(self, batch_size: int, *, views: bool) -> Any:
        generator = torch.Generator().manual_seed(1)
        clips = torch.randint(256, (8, 2, 3, 4, 4), dtype=torch.uint8, generator=generator)
        samples = [
            VideoBatch(
                clips=clip[None] if views else clip,
                label=torch.tensor(number % len(CLASSES)),
                index=torch.tensor(number),
                path=[],
            )
            for number, clip in enumerate(clips)
        ]
        return DataLoader(samples, batch_size=batch_size)  # type: ignore[arg-type]


Fit = Callable[..., Trainer]
Board = Callable[[], EventAccumulator]


@pytest.fixture
def recognizer() -> Callable[..., VideoRecognizer]:
    """Make a recognizer around a tiny network, the same each time."""

    def make(**arguments: Any) -> VideoRecognizer:
        torch.manual_seed(0)
        return VideoRecognizer(
            arguments.pop("network", None) or TinyNetwork(), CLASSES, **arguments
        )

    return make


@pytest.fixture
def fit(tmp_path: Path) -> Fit:
    """Fit a recognizer on eight tiny clips, with a report of its recipe; return the trainer."""

    def run(
        recognizer: VideoRecognizer,
        *callbacks: Callback,
        data: LightningDataModule | None = None,
        ckpt_path: str | Path | None = None,
        **flags: Any,
    ) -> Trainer:
        defaults: dict[str, Any] = {"max_epochs": 1, "logger": False, "num_sanity_val_steps": 0}
        quiet = {"enable_progress_bar": False, "enable_model_summary": False}
        trainer = Trainer(
            accelerator="cpu",
            callbacks=[*callbacks, RecipeReport()],
            default_root_dir=tmp_path,
            **{**defaults, **quiet, "enable_checkpointing": False, **flags},
        )
        trainer.fit(recognizer, datamodule=data or TinyClips(), ckpt_path=ckpt_path)
        return trainer

    return run


@pytest.fixture
def watch(tmp_path: Path) -> Fit:
    """Fit the network of glass for a few epochs of one step."""

    def run(
        *callbacks: Callback,
        network: nn.Module | None = None,
        max_epochs: int = 2,
        ckpt_path: Path | None = None,
        compile: bool = False,
        **settings: Any,
    ) -> Trainer:
        recognizer = VideoRecognizer(network or Glass(), CLASSES, compile=compile)
        step = batch_of([0, 255], [0, 1])
        step["clips"] = step["clips"][:, 0]
        defaults: dict[str, Any] = {
            "logger": TensorBoardLogger(tmp_path, name="", version=""),
            "accelerator": "cpu",
            "num_sanity_val_steps": 0,
            "enable_checkpointing": False,
            "log_every_n_steps": 1,
        }
        trainer = Trainer(
            max_epochs=max_epochs,
            callbacks=list(callbacks),
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=tmp_path,
            **{**defaults, **settings},
        )
        loaders = loader_of([step]), loader_of(VALIDATION)
        trainer.fit(recognizer, *loaders, ckpt_path=ckpt_path)
        return trainer

    return run


@pytest.fixture
def board(tmp_path: Path) -> Callable[[], EventAccumulator]:
    """Read what the fits of this test have written."""

    def read() -> EventAccumulator:
        events = EventAccumulator(str(tmp_path), size_guidance={"images": 0, "scalars": 0})
        events.Reload()
        return events

    return read
