"""metrics.json: the results of a run, readable without parsing anything else."""

import json
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_info

from lightning_modules.checkpoints.atomic_write import write_whole
from lightning_modules.checkpoints.versions import git_commit

FILE_NAME = "metrics.json"
NAMES = ("top1", "top5", "loss", "n_videos")


class MetricsFile(Callback):
    """Writes split -> top1 and top5 (0-1), loss, n_videos, protocol into the run folder.

    ``val`` and ``test`` hold the latest results; each test also stays under
    ``test_<protocol>``, so that several protocols of one run stand side by side, until a fit goes
    on and changes the weights. ``train`` is there once a fit has come to its end. Beside them
    stand the data set and the split that were read, and of how many listed videos n_videos are,
    with how many files were missing and how many skipped as unreadable, and the git commit of the
    code. The end of a fit and of a test say where the file lies.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note where the fit begins."""
        self.first_step = trainer.global_step

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write how much of the training list was used; drop tests of weights that are no more."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        used = data.coverage["train"]
        results = {"train": {"n_videos": used.used, **used.as_dict()}}
        self._write(trainer, results, without_tests=trainer.global_step > self.first_step)
        if _are_kept(trainer):
            rank_zero_info(f"results: {_place(trainer)}")

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Note the commit before the code can change under a long run."""
        git_commit()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the validation's results, except those of the sanity check."""
        if not trainer.sanity_checking:
            self._write(trainer, {"val": self._results(trainer, "val", "val", "1x1")})

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the test's results."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        protocol = data.protocol.name
        results = self._results(trainer, "test", data.test_split, protocol)
        self._write(trainer, {"test": results, f"test_{protocol}": results})
        if _are_kept(trainer):
            rank_zero_info(f"results: {_place(trainer)}, test_{protocol}")

    @staticmethod
    def _results(trainer: Trainer, stage: str, split: str, protocol: str) -> dict[str, Any]:
        metrics = trainer.callback_metrics
        values: dict[str, Any] = {name: float(metrics[f"{stage}/{name}"]) for name in NAMES}
        values["n_videos"] = int(values["n_videos"])
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        about = {"protocol": protocol, "split": split, "data": data.report_name}
        return {**values, **about, "commit": git_commit(), **data.coverage[split].as_dict()}

    @staticmethod
    def _write(trainer: Trainer, results: dict[str, Any], without_tests: bool = False) -> None:
        if not _are_kept(trainer):
            return
        file = _place(trainer)
        known = json.loads(file.read_text()) if file.is_file() else {}
        if without_tests:
            outdated = sorted(key for key in known if key.startswith("test"))
            if outdated:
                rank_zero_info(f"{file}: {', '.join(outdated)} were of earlier weights: removed")
            known = {key: value for key, value in known.items() if key not in outdated}
        write_whole(file, json.dumps({**known, **results}, indent=2) + "\n")


def _are_kept(trainer: Trainer) -> bool:
    """Tell whether this process writes results: the first one, and not of a trial."""
    return trainer.is_global_zero and not trainer.fast_dev_run  # type: ignore[attr-defined]


def _place(trainer: Trainer) -> Path:
    return Path(trainer.default_root_dir) / FILE_NAME
