"""metrics.json: the results of a run."""

from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_info

from lightning_modules.callbacks.class_results import MEAN, ClassResults
from lightning_modules.checkpoints.atomic_write import atomic_write
from lightning_modules.checkpoints.loop_position import LoopPosition, finished_epochs
from lightning_modules.checkpoints.origin import (
    REPLACED_BY_FITS,
    Origin,
    free_name,
    is_outdated,
    list_hash,
    may_replace,
    origin_in_use,
    own_name,
)
from lightning_modules.checkpoints.results_file import Results, results_of
from lightning_modules.checkpoints.run_folder import CHECKPOINTS, RESULT_FILES, RunFolder
from lightning_modules.checkpoints.versions import git_commit
from lightning_modules.checkpoints.weights_hash import weights_hash

NAMES = ("top1", "top5", "loss", "n_videos")


class MetricsFile(Callback):
    """Writes split -> top1, top5 (0-1), loss, n_videos, n_classes, protocol into the run folder.

    A test has ``mean_class_accuracy`` (0-1), too, and files of its class results.

    ``val`` and ``test`` hold the latest results. Each test is also kept as ``test_<protocol>``, so
    that a run can have results of several protocols; one of another checkpoint, list or split gets
    a longer name if that one is taken. A validation is likewise kept under a longer name when one
    of another checkpoint or list follows. When a fit has trained, the results of weights that are
    replaced are removed. ``train`` is written at the end of a fit.

    Every entry also names its checkpoint and list, see `lightning_modules.checkpoints.origin` (in a
    fit, the checkpoint that gets these weights), the git commit of the code, and how many videos
    were listed, missing, and skipped as unreadable. The path is printed at the end of a fit and of
    a test.

    Args:
        classes: Counts the confusions of the same trainer's tests.
    """

    def __init__(self, classes: ClassResults) -> None:
        self.classes = classes

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Read the commit now: the code may be edited during a long run."""
        git_commit()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember the step at which the fit starts."""
        self.first_step = trainer.global_step

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write how many training videos were used; remove results of weights that have changed."""
        if not _writes(trainer):
            return
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        used, run = data.coverage["train"], _run(trainer)
        with results_of(run) as known:
            if trainer.global_step > self.first_step:
                _remove_outdated(run, known)
            known["train"] = {"n_videos": used.used, **used.as_dict()}
        rank_zero_info(f"results: {run.metrics}")

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note which weights a fit validates, which may be averaged ones."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking and _writes(trainer):
            position = LoopPosition.of(trainer, -1).state()
            setting = {"batches per epoch": trainer.num_training_batches}
            self.validated: Origin = {
                "checkpoint": CHECKPOINTS["last"],
                "epoch": finished_epochs(position, setting),
                "step": trainer.global_step,
                "weights": weights_hash(pl_module.state_dict()),
            }

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the validation's results, except those of the sanity check."""
        if trainer.sanity_checking or not _writes(trainer):
            return
        fits = trainer.state.fn == "fit"
        origin = self.validated if fits else origin_in_use(trainer, pl_module)
        results = _results(trainer, "val", "val", "1x1", origin)
        with results_of(_run(trainer)) as known:
            before = known.get("val", results)
            if not may_replace(before, results):
                known[own_name("val_1x1", before)] = before
            known.pop(own_name("val_1x1", results), None)
            known["val"] = results

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the test's results and its class results, before another process writes any."""
        if not _writes(trainer):
            return
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        protocol, run = data.protocol.name, _run(trainer)
        origin = origin_in_use(trainer, pl_module)
        results = _results(trainer, "test", data.test_split, protocol, origin)
        usual = f"test_{protocol}"
        names: Any = pl_module.class_names
        files = self.classes.files(names)
        with results_of(run) as known:
            name = free_name(usual, results, run, known.get(usual))
            known |= {"test": results, name: results}
            for ending, content in files.items():
                atomic_write(run.result(name, ending), content)
        rank_zero_info(f"results: {run.metrics}, {name}")


def _results(
    trainer: Trainer, stage: str, split: Any, protocol: str, origin: Origin
) -> dict[str, Any]:
    metrics = trainer.callback_metrics
    values: dict[str, Any] = {name: float(metrics[f"{stage}/{name}"]) for name in NAMES}
    values["n_videos"] = int(values["n_videos"])
    values["n_classes"] = len(trainer.lightning_module.class_names)  # type: ignore[arg-type]
    if (mean := metrics.get(f"{stage}/{MEAN}")) is not None:
        values[MEAN] = float(mean)
    data: Any = trainer.datamodule  # type: ignore[attr-defined]
    used, records = data.coverage[split], data.records[split]
    differs = list(origin.get("differs", []))
    if values["n_videos"] != used.used:
        differs.append(f"{values['n_videos']} of {used.used} videos")
    used_by = {"protocol": protocol, "split": split, "data": data.result_name}
    listed = {"list": list_hash(records.paths, records.labels.tolist(), data.identity)}
    exact = {**used_by, **listed, **origin, **({"differs": differs} if differs else {})}
    return {**values, **exact, "commit": git_commit(), **used.as_dict()}


def _remove_outdated(run: RunFolder, known: Results) -> None:
    """Remove the tests and single validations of replaced weights, with their class results."""
    outdated = [
        key
        for key, entry in known.items()
        if key.startswith(("test", "val_"))
        and (
            entry.get("checkpoint", CHECKPOINTS["last"]) in REPLACED_BY_FITS
            or is_outdated(run, entry)
        )
    ]
    if outdated:
        removed = ", ".join(sorted(outdated))
        rank_zero_info(f"{run.metrics}: removed {removed}, which had other weights")
    for key in outdated:
        del known[key]
        for file in RESULT_FILES:
            run.result(key, file).unlink(missing_ok=True)


def _writes(trainer: Trainer) -> bool:
    """Tell whether this process writes results: only process 0, and not in ``fast_dev_run``."""
    return trainer.is_global_zero and not trainer.fast_dev_run  # type: ignore[attr-defined]


def _run(trainer: Trainer) -> RunFolder:
    return RunFolder(Path(trainer.default_root_dir))
