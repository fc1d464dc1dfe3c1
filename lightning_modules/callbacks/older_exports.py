"""Names the exported files that are older than their checkpoints."""

from pathlib import Path

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_info

from lightning_modules.checkpoints.run_folder import RunFolder


class OlderExports(Callback):
    """Logs at the end of a fit which files in ``exports/`` are older than their checkpoints.

    These hold weights from before the fit. They stay, because other programs may use them.
    """

    first_step: int | None = None
    """None if the fit has nothing to train."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember the step at which the fit starts."""
        self.first_step = trainer.global_step

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compare the files with the checkpoints, all of which are saved by now."""
        trained = self.first_step is not None and trainer.global_step > self.first_step
        if not trained or not trainer.is_global_zero or trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        run = RunFolder(Path(trainer.default_root_dir))
        for file in older_exports(run):
            rank_zero_info(f"{file}: has earlier weights than {file.stem}.ckpt; export again")


def older_exports(run: RunFolder) -> list[Path]:
    """List the exported files that are older than the checkpoints of their names."""
    files = sorted(run.export("any").parent.glob("*"))
    checkpoints = [run.checkpoints / f"{file.stem}.ckpt" for file in files]
    return [
        file
        for file, checkpoint in zip(files, checkpoints, strict=True)
        if checkpoint.is_file() and file.stat().st_mtime_ns < checkpoint.stat().st_mtime_ns
    ]
