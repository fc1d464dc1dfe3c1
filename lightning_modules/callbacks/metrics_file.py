"""metrics.json: the results of a run."""

from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_info

from lightning_modules.checkpoints.results_file import results_of
from lightning_modules.checkpoints.run_folder import RunFolder
from lightning_modules.checkpoints.versions import git_commit

NAMES = ("top1", "top5", "loss", "n_videos")


class MetricsFile(Callback):
    """Writes split -> top1 and top5 (0-1), loss, n_videos, protocol into the run folder.

    ``val`` and ``test`` hold the latest results. Each test is also kept as ``test_<protocol>``, so
    that a run can have results of several protocols, until a resumed fit changes the weights.
    ``train`` is written at the end of a fit. Every entry also names the data set, the split, the
    git commit of the code, and how many videos were listed, missing, and skipped as unreadable.
    The path is printed at the end of a fit and of a test.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember the step at which the fit starts."""
        self.first_step = trainer.global_step

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write how many training videos were used; remove tests of weights that have changed."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        used = data.coverage["train"]
        results = {"train": {"n_videos": used.used, **used.as_dict()}}
        self._write(trainer, results, without_tests=trainer.global_step > self.first_step)
        if _writes(trainer):
            rank_zero_info(f"results: {_file(trainer)}")

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Read the commit now: the code may be edited during a long run."""
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
        if _writes(trainer):
            rank_zero_info(f"results: {_file(trainer)}, test_{protocol}")

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
        if not _writes(trainer):
            return
        run = RunFolder(Path(trainer.default_root_dir))
        with results_of(run) as known:
            if without_tests:
                outdated = sorted(key for key in known if key.startswith("test"))
                if outdated:
                    removed = ", ".join(outdated)
                    rank_zero_info(f"{run.metrics}: removed {removed}, which had other weights")
                for key in outdated:
                    del known[key]
            known |= results


def _writes(trainer: Trainer) -> bool:
    """Tell whether this process writes results: only process 0, and not in ``fast_dev_run``."""
    return trainer.is_global_zero and not trainer.fast_dev_run  # type: ignore[attr-defined]


def _file(trainer: Trainer) -> Path:
    return RunFolder(Path(trainer.default_root_dir)).metrics
