"""Loads a trained network, and clips of its run's data or of any videos."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback
from torch import Tensor

from datamodules.lists.unlabelled import unlabelled_videos
from experiments.cli.command_line import RecognitionCLI
from experiments.cli.resuming import find_checkpoint
from experiments.inference.load import load_recognizer
from lightning_modules import RunError, VideoRecognizer
from lightning_modules.checkpoints.checkpoint_file import peek
from lightning_modules.checkpoints.provenance import KEY, provenance
from lightning_modules.checkpoints.run_folder import RunFolder

PLAIN_PREDICTION = (
    *("--trainer.accelerator=cpu", "--trainer.devices=1", "--trainer.num_nodes=1"),
    *("--trainer.strategy=auto", "--trainer.precision=32-true", "--trainer.logger=false"),
    *("--trainer.callbacks=null", "--trainer.enable_progress_bar=false"),
    *("--model.compile=false", "--return_predictions=false"),
    *("--data.protocol=1x1", "--data.num_workers=0", "--trainer.limit_predict_batches=1"),
)
"""One process on the CPU, one view of a few videos, and no files."""


class KeptClips(Callback):
    """Keeps the clips of the first batch.

    Attributes:
        clips: uint8 0-255, (B, T, 3, H, W).
    """

    clips: Tensor

    def on_predict_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, *args: Any
    ) -> None:
        """Keep them."""
        self.clips = batch["clips"].flatten(0, 1)


class RunLoader(RecognitionCLI):
    """Predicts one batch, with all checks of ``train.py``, and writes no file.

    Args: see `load_run`.

    Attributes:
        kept: Its clips.
    """

    def __init__(
        self, run: RunFolder, checkpoint: str | None, count: int, flags: Sequence[str]
    ) -> None:
        self.kept = KeptClips()
        wanted = [] if checkpoint is None else [f"--ckpt_path={checkpoint}"]
        config = [f"--config={run.config}", f"--run_dir={run.path}"]
        own = [f"--data.eval_batch_size={count}", *PLAIN_PREDICTION, *wanted]
        super().__init__(["predict", *config, *own, *flags])

    def _callbacks(self, config: Any) -> list[Callback]:
        return [self.kept]


@dataclass(frozen=True)
class Loaded:
    """A trained network, and clips to compare it on.

    Attributes:
        recognizer: The network with a checkpoint's weights, in evaluation mode.
        checkpoint: Its file.
        clips: uint8 0-255, (B, T, 3, H, W).
        about: Its provenance, with the settings of the input that the clips have.
    """

    recognizer: VideoRecognizer
    checkpoint: Path
    clips: Tensor
    about: dict[str, Any]


def load_videos(place: Path, checkpoint: str | None, videos: Sequence[Path], count: int) -> Loaded:
    """Load a checkpoint, and one clip of each of some videos; the run's data are not needed.

    Args:
        place: The run folder, or a checkpoint.
        checkpoint: See `load_run`.
        videos: See `datamodules.lists.unlabelled.unlabelled_videos`.
        count: The number of videos to read at most.

    Raises:
        RunError: If there is no such checkpoint, or it cannot be used.
        DataError: If there is no video, or one cannot be read.
    """
    file = place
    if place.is_dir():
        file = find_checkpoint(RunFolder(place), checkpoint, "--checkpoint")
    recognizer = load_recognizer(file, protocol="1x1", device="cpu")
    clips = [recognizer.views(path) for path in unlabelled_videos(videos)[:count]]
    return Loaded(recognizer.module, file, torch.cat(clips), peek(file)[KEY])


def load_run(run: RunFolder, checkpoint: str | None, count: int, flags: Sequence[str]) -> Loaded:
    """Load a run and clips of its data.

    Args:
        run: The run folder.
        checkpoint: ``best``, ``last``, ``previous`` or a path; None for ``best``, or for ``last``
            if the fit monitors nothing.
        count: The number of videos to read.
        flags: Further arguments of ``train.py``, such as ``--data.root``.

    Raises:
        RunError: If this is no run folder, and what ``train.py predict`` raises.
    """
    if not run.config.is_file():
        raise RunError(
            f"{run.path}: not a run folder, it has no {run.config.name}; a checkpoint alone needs "
            "--videos"
        )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*callbacks used to create the checkpoint.*")
        loader = RunLoader(run, checkpoint, count, flags)
    assert isinstance(loader.model, VideoRecognizer)
    file = Path(loader.config["predict"].ckpt_path)
    about = provenance(loader.model)
    trained = peek(file).get(KEY, about)
    about = {**about, "data": trained["data"]}
    return Loaded(loader.model.eval(), file, loader.kept.clips, about)
