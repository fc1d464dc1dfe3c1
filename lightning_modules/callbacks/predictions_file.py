"""Predictions of a run: a csv to read, and tensors for fusing."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor

from lightning_modules.checkpoints.atomic_write import atomic_write
from lightning_modules.checkpoints.claim import for_a_moment
from lightning_modules.checkpoints.origin import free_name, list_hash, origin_in_use
from lightning_modules.checkpoints.prediction_files import (
    KEY,
    origin_of,
    scores_csv,
    set_aside_outdated,
    write_table,
)
from lightning_modules.checkpoints.run_folder import RunFolder
from lightning_modules.counted import counted_videos
from lightning_modules.gathering import gather_lists


class PredictionsFile(Callback):
    """Writes ``predictions/<split>_<protocol>.csv`` and ``.pt`` into the run folder.

    If these are of another list or checkpoint, both get a longer name, which is logged. New weights
    of the same checkpoint replace the predictions of its old ones; when a fit has trained, the
    predictions of weights that it has replaced get their step as a part of the name.

    The csv has path, label and the five most probable classes with their probabilities. The
    ``.pt`` is a dict for ``torch.load(weights_only=True)``: ``paths``, ``labels`` (n,), -1 where
    unknown, ``scores`` (n, K), logits, and ``class_names``, in the order of the data set; and
    ``origin``, see `lightning_modules.checkpoints.origin`.
    """

    def __init__(self) -> None:
        self.outputs: list[dict[str, Any]] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember the step at which the fit starts."""
        self.first_step = trainer.global_step

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Rename the predictions of weights that this fit has replaced."""
        trained = trainer.global_step > self.first_step
        if not trained or not trainer.is_global_zero or trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        run = RunFolder(Path(trainer.default_root_dir))
        with _held(run):
            renamed = set_aside_outdated(run)
        if renamed:
            rank_zero_info(f"predictions of earlier weights are now {', '.join(renamed)}")

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget the outputs of an earlier prediction."""
        self.outputs.clear()

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep a batch's scores, on the CPU."""
        self.outputs.append(
            {
                key: value.float().cpu() if key == "scores" else _plain(value)
                for key, value in outputs.items()
            }
        )

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Gather the outputs of all processes, sort them as the data set, write them."""
        parts = gather_lists(self.outputs, trainer)
        if not trainer.is_global_zero or not parts:
            return
        order = sorted(
            (index, part, row)
            for part, output in enumerate(parts)
            for row, index in enumerate(output["index"])
        )
        table: dict[str, Any] = {
            "paths": [parts[part]["path"][row] for _, part, row in order],
            "labels": torch.tensor([parts[part]["label"][row] for _, part, row in order]),
            "scores": torch.stack([parts[part]["scores"][row] for _, part, row in order]),
            "class_names": list(pl_module.class_names),  # type: ignore[arg-type]
        }
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        origin = {
            **{"protocol": data.protocol.name, "split": data.predicted_name},
            "data": data.result_name,
            "list": list_hash(table["paths"], table["labels"].tolist(), data.identity),
            **origin_in_use(trainer, pl_module),
        }
        run = RunFolder(Path(trainer.default_root_dir))
        usual = run.predictions(data.predicted_name, data.protocol.name)
        with _held(run):
            name = free_name(usual.stem, origin, run, origin_of(usual))
            file = usual.with_name(f"{name}{usual.suffix}")
            atomic_write(usual.with_name(f"{name}.csv"), _as_csv(table))
            # Last, so that the csv exists wherever the tensors do.
            write_table(file, {**table, KEY: origin})
        stem = file.parent / name
        rank_zero_info(f"predictions of {counted_videos(len(order))}: {stem}.csv and .pt")


def _held(run: RunFolder) -> AbstractContextManager[None]:
    """Keep other processes from naming and renaming the run's predictions meanwhile."""
    return for_a_moment(run.path / "predictions.claim")


def _as_csv(table: Mapping[str, Any]) -> str:
    names, labels = table["class_names"], table["labels"].tolist()
    written = [names[label] if label >= 0 else "" for label in labels]
    return scores_csv({"path": table["paths"], "label": written}, table["scores"], names)


def _plain(value: Tensor | list[str]) -> list[Any]:
    return value.tolist() if isinstance(value, Tensor) else list(value)
