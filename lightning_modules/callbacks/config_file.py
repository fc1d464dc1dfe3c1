"""config.yaml: what a run was asked for, kept when it is resumed."""

from pathlib import Path

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.cli import SaveConfigCallback


class ConfigFile(SaveConfigCallback):
    """Saves the whole configuration once; a resumed fit adds ``config-<step>.yaml``.

    Only fits are recorded: a test or prediction leaves the run's configuration alone.
    """

    file: Path | None = None
    """What this fit has written; None before it starts."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Wait until the checkpoint, if any, has told the step."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the file."""
        if not trainer.is_global_zero or trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        folder = Path(trainer.default_root_dir)
        folder.mkdir(parents=True, exist_ok=True)
        resumed = trainer.ckpt_path is not None and (folder / self.config_filename).exists()
        name = f"config-{trainer.global_step}.yaml" if resumed else self.config_filename
        self.file = file = folder / name
        self.parser.save(self.config, str(file), skip_none=False, overwrite=True)
