"""config.yaml: the configuration that began a run, kept when it is resumed."""

from pathlib import Path

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.cli import SaveConfigCallback

from lightning_modules.checkpoints.run_folder import RunFolder


class ConfigFile(SaveConfigCallback):
    """Saves the whole configuration once; a resumed fit adds ``config-<step>.yaml``.

    Only fits write it; tests and predictions leave the run's configuration as it is.
    """

    file: Path | None = None
    """The file that this fit has written; None before it starts."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Do nothing yet: the step is known only after the checkpoint is loaded."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the file."""
        if not trainer.is_global_zero or trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        run = RunFolder(Path(trainer.default_root_dir))
        run.path.mkdir(parents=True, exist_ok=True)
        resumed = trainer.ckpt_path is not None and run.config.exists()
        self.file = file = run.resumed_config(trainer.global_step) if resumed else run.config
        self.parser.save(self.config, str(file), skip_unset=False, overwrite=True)
