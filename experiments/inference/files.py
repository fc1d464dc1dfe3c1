"""The files of a prediction: scores, features and windows, as csv to read and tensors to use."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from experiments.inference.prediction import Prediction
from experiments.inference.recognizer import Recognizer
from lightning_modules import RunError
from lightning_modules.checkpoints.atomic_write import atomic_write, unwritable_place
from lightning_modules.checkpoints.origin import Origin, free_name, list_hash
from lightning_modules.checkpoints.prediction_files import KEY, origin_of, scores_csv, write_table
from lightning_modules.checkpoints.run_folder import RunFolder


class PredictionFiles:
    """Writes what was predicted of some videos; nothing takes the place of another's files.

    Args:
        folder: Where the files go.
        name: Of the videos, such as ``clip``.
        paths: The videos.
        recognizer: The network.
        checkpoint: Its file.

    Raises:
        RunError: If the folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        paths: Sequence[str],
        recognizer: Recognizer,
        checkpoint: Path,
    ) -> None:
        _require_writable(folder)
        protocol = recognizer.make_views.protocol.name
        self.class_names = list(recognizer.class_names)
        self.origin: Origin = {
            **{"protocol": protocol, "split": name, "data": name},
            "list": list_hash(paths, [-1] * len(paths)),
            **{"checkpoint": str(checkpoint), **recognizer.module.loaded},
        }
        usual = f"{name}_{protocol}"
        there = origin_of(folder / f"{usual}.pt")
        self.folder = folder
        self.stem = folder / free_name(usual, self.origin, RunFolder(folder), there)

    def write(self, predictions: Sequence[Prediction]) -> list[Path]:
        """Write the scores, and features and windows where there are any; return the csv files."""
        paths = [prediction.path for prediction in predictions]
        scores = torch.stack([prediction.logits for prediction in predictions])
        written = [self._file(".csv")]
        unlabelled = {"path": paths, "label": [""] * len(paths)}
        atomic_write(written[0], scores_csv(unlabelled, scores, self.class_names))
        labels = torch.full((len(paths),), -1)
        table = {"paths": paths, "labels": labels, "scores": scores}
        self._tensors(".pt", {**table, "class_names": self.class_names})
        if predictions[0].features is not None:
            self._write_features(predictions)
        if any(prediction.windows for prediction in predictions):
            written.append(self._write_windows(predictions))
        return written

    def _write_features(self, predictions: Sequence[Prediction]) -> None:
        features = [prediction.features for prediction in predictions if prediction.features]
        table = {
            "paths": [prediction.path for prediction in predictions],
            "frames": torch.stack([part.frames for part in features]),
            "clips": torch.stack([part.clip for part in features]),
        }
        self._tensors("_features.pt", table)

    def _write_windows(self, predictions: Sequence[Prediction]) -> Path:
        rows = [(p.path, window) for p in predictions for window in p.windows]
        columns: dict[str, list[Any]] = {
            "path": [path for path, _ in rows],
            "start": [f"{window.start_time:.3f}" for _, window in rows],
            "end": [f"{window.end_time:.3f}" for _, window in rows],
        }
        scores = torch.cat([prediction.window_logits for prediction in predictions])
        file = self._file("_windows.csv")
        atomic_write(file, scores_csv(columns, scores, self.class_names))
        times = {
            key: torch.tensor([getattr(window, f"{key}_time") for _, window in rows])
            for key in ("start", "end")
        }
        table = {"paths": columns["path"], **times, "scores": scores}
        self._tensors("_windows.pt", {**table, "class_names": self.class_names})
        return file

    def _tensors(self, ending: str, table: dict[str, Any]) -> None:
        write_table(self._file(ending), {**table, KEY: self.origin})

    def _file(self, ending: str) -> Path:
        return self.stem.with_name(f"{self.stem.name}{ending}")


def _require_writable(folder: Path) -> None:
    if place := unwritable_place(folder):
        raise RunError(f"--output {folder}: {place} cannot be written; choose another folder")
