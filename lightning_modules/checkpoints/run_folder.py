"""The names of the files in a run folder; no other module spells them."""

from dataclasses import dataclass
from pathlib import Path

CHECKPOINTS = {"best": "best.ckpt", "last": "last.ckpt", "previous": "previous.ckpt"}
"""What ``--ckpt_path`` takes by name -> file."""


RESULT_FILES = ("classes.csv", "classes.png", "confusion.csv", "confusion.png")
"""The files of a test, behind its name in metrics.json."""


@dataclass(frozen=True)
class RunFolder:
    """One run's folder.

    ::

        config.yaml               what the fit was asked for; config-<step>.yaml for a resumed fit
        events.out.tfevents...    TensorBoard
        checkpoints/best.ckpt     best monitored value so far, such as validation accuracy
        checkpoints/last.ckpt     the latest state, from which a fit resumes
        checkpoints/previous.ckpt the last.ckpt before
        metrics.json              results
        results/                  <test>_classes and _confusion, .csv and .png
        predictions/              <split>_<protocol>.csv and .pt, see `origin` for longer names
        exports/                  the network as ONNX and the like, see `experiments.export`
        claim.json                while a fit runs: the process that writes here

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def config(self) -> Path:
        """The configuration of the fit that began the run."""
        return self.path / "config.yaml"

    def resumed_config(self, step: int) -> Path:
        """Give the configuration file of a fit that was resumed at an optimizer step."""
        return self.path / f"config-{step}.yaml"

    @property
    def metrics(self) -> Path:
        """The results."""
        return self.path / "metrics.json"

    @property
    def claim(self) -> Path:
        """The file of the fit that holds this folder, while it runs."""
        return self.path / "claim.json"

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    def checkpoint(self, name: str) -> Path:
        """Give the file of a checkpoint: ``best``, ``last`` or ``previous``."""
        return self.checkpoints / CHECKPOINTS[name]

    def result(self, name: str, ending: str) -> Path:
        """Give a file of a result in metrics.json, such as ``test_1x1`` with ``classes.csv``."""
        return self.path / "results" / f"{name}_{ending}"

    def predictions(self, split: str, protocol: str) -> Path:
        """Give the tensors of a split's predictions; the table for people ends in ``.csv``."""
        return self.path / "predictions" / f"{split}_{protocol}.pt"

    def export(self, name: str) -> Path:
        """Give a file that was exported for other programs."""
        return self.path / "exports" / name

    def has_checkpoint(self) -> bool:
        """Tell whether a fit has saved ``last.ckpt`` here."""
        return self.checkpoint("last").exists()
