"""Loads a run as ``train.py predict`` does, and keeps the first clips of its data."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback
from torch import Tensor

from experiments.cli.command_line import RecognitionCLI
from lightning_modules import RunError, VideoRecognizer
from lightning_modules.checkpoints.checkpoint_file import peek
from lightning_modules.checkpoints.run_folder import RunFolder

HERE = (
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

    Args:
        run: The run folder.
        checkpoint: ``best``, ``last``, ``previous`` or a path; None for ``best``, or for ``last``
            if the fit monitors nothing.
        videos: The number of videos to read.
        flags: Further arguments of ``train.py``, such as ``--data.root``.
    """

    def __init__(
        self, run: RunFolder, checkpoint: str | None, videos: int, flags: Sequence[str]
    ) -> None:
        self.kept = KeptClips()
        wanted = [] if checkpoint is None else [f"--ckpt_path={checkpoint}"]
        config = [f"--config={run.config}", f"--run_dir={run.path}"]
        own = [f"--data.eval_batch_size={videos}", *HERE, *wanted]
        super().__init__(["predict", *config, *own, *flags])

    def _callbacks(self, config: Any) -> list[Callback]:
        return [self.kept]

    @property
    def recognizer(self) -> VideoRecognizer:
        """The recognizer with the checkpoint's weights."""
        assert isinstance(self.model, VideoRecognizer)
        return self.model.eval()

    @property
    def checkpoint(self) -> Path:
        """The checkpoint's file."""
        return Path(self.config["predict"].ckpt_path)

    @property
    def clips(self) -> Tensor:
        """Clips of the run's data, uint8 0-255, (B, T, 3, H, W)."""
        return self.kept.clips

    def content(self) -> dict[str, Any]:
        """Read the plain values of the checkpoint."""
        content: dict[str, Any] = peek(self.checkpoint)
        return content


def load_run(
    run: RunFolder, checkpoint: str | None, videos: int, flags: Sequence[str]
) -> RunLoader:
    """Load a run; see `RunLoader`.

    Raises:
        RunError: If this is no run folder, and what `RunLoader` raises.
    """
    if not run.config.is_file():
        raise RunError(f"{run.path}: not a run folder, it has no {run.config.name}")
    with warnings.catch_warnings():
        for harmless in (".*callbacks used to create the checkpoint.*", ".*dirpath has changed.*"):
            warnings.filterwarnings("ignore", harmless)
        return RunLoader(run, checkpoint, videos, flags)
