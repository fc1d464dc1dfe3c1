"""The files of a prediction: scores, features and windows, as csv to read and tensors to use."""

import glob
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from experiments.inference.prediction import Prediction, Predictor
from lightning_modules import RunError
from lightning_modules.checkpoints.atomic_write import atomic_write, unwritable_place
from lightning_modules.checkpoints.origin import Origin, list_hash, may_replace, own_name
from lightning_modules.checkpoints.prediction_files import KEY, origin_of, scores_csv, write_table

SCORES, FEATURES, WINDOWS, RENDER = (".csv", ".pt"), "_features_", "_windows_", "_render"
"""How the names of a prediction's files go on behind the stem."""

CLASSIFIER_INPUT = "classifier_input"
"""The stage of features that are the input of the classifier."""


class PredictionFiles:
    """Writes what was predicted of some videos; nothing takes the place of another's files.

    Args:
        folder: Where the files go.
        name: Of the videos, such as ``clip``.
        paths: The videos.
        predictor: What predicts them.
        checkpoint: The file of its weights.

    Attributes:
        origin: What the predictions are computed from.
        stem: The path of the files, without endings.

    Raises:
        RunError: If the folder cannot be written.
    """

    def __init__(
        self, folder: Path, name: str, paths: Sequence[str], predictor: Predictor, checkpoint: Path
    ) -> None:
        _require_writable(folder)
        recognizer = predictor.recognizer
        protocol = recognizer.make_views.protocol.name
        self.class_names = list(recognizer.class_names)
        self.windows, self.stage = predictor.windows, predictor.stage or CLASSIFIER_INPUT
        self.origin: Origin = {
            **{"protocol": protocol, "split": name, "data": name},
            "list": list_hash(paths, [-1] * len(paths)),
            **{"checkpoint": str(checkpoint), **recognizer.module.loaded},
        }
        usual = f"{name}_{protocol}"
        former = origin_of(folder / f"{usual}.pt")
        is_free = former is None or may_replace(former, self.origin)
        self.stem = folder / (usual if is_free else own_name(usual, self.origin))
        self._set_former_aside()

    @property
    def renderings(self) -> Path:
        """The folder of the rendered videos, which depend on windows and stage."""
        windows = f"_{self.windows.name}" if self.windows else ""
        stage = f"_{self.stage}" if self.stage != CLASSIFIER_INPUT else ""
        return self._file(f"{RENDER}{windows}{stage}")

    def _set_former_aside(self) -> None:
        """Rename the files of other weights, so that all files of one name are of the same ones."""
        former = origin_of(self._file(".pt"))
        if former is None or former.get("weights") == self.origin["weights"]:
            return
        mark = f"-step{former.get('step')}-{former.get('weights')}"
        for file in sorted(self.stem.parent.glob(f"{glob.escape(self.stem.name)}[._]*")):
            ending = file.name.removeprefix(self.stem.name)
            if ending in SCORES or ending.startswith((FEATURES, WINDOWS, RENDER)):
                file.rename(file.with_name(f"{self.stem.name}{mark}{ending}"))
        print(f"{self.stem}: predictions of other weights are now {self.stem.name}{mark}")

    def write(self, predictions: Sequence[Prediction], labels: Tensor) -> list[str]:
        """Write the scores, and features and windows where there are any; name the files.

        Args:
            predictions: Of the videos.
            labels: Their classes, (n,), -1 where unknown.
        """
        paths = [prediction.path for prediction in predictions]
        scores = torch.stack([prediction.logits for prediction in predictions])
        columns = {"path": paths}
        if (labels >= 0).any():
            named = [self.class_names[label] if label >= 0 else "" for label in labels.tolist()]
            columns["label"] = named
        atomic_write(self._file(".csv"), scores_csv(columns, scores, self.class_names))
        table = {"paths": paths, "labels": labels, "scores": scores}
        self._tensors(".pt", {**table, "class_names": self.class_names})
        written = [f"{self._file('.csv')} and .pt"]
        if predictions[0].features is not None:
            written.append(self._write_features(predictions))
        if self.windows is not None:
            written.append(self._write_windows(self.windows.name, predictions))
        return written

    def _write_features(self, predictions: Sequence[Prediction]) -> str:
        features = [prediction.features for prediction in predictions if prediction.features]
        table = {
            "paths": [prediction.path for prediction in predictions],
            "stage": self.stage,
            "frames": torch.stack([part.frames for part in features]),
            "clips": torch.stack([part.clip for part in features]),
        }
        return str(self._tensors(f"{FEATURES}{self.stage}.pt", table))

    def _write_windows(self, name: str, predictions: Sequence[Prediction]) -> str:
        rows = [(p.path, window, *window.times) for p in predictions for window in p.windows]
        scores = torch.cat([prediction.window_logits for prediction in predictions])
        columns: dict[str, list[Any]] = {
            "path": [path for path, *_ in rows],
            "start": [_seconds(start) for *_, start, _ in rows],
            "end": [_seconds(end) for *_, end in rows],
            "start_frame": [window.start for _, window, *_ in rows],
            "end_frame": [window.end for _, window, *_ in rows],
        }
        file = self._file(f"{WINDOWS}{name}.csv")
        atomic_write(file, scores_csv(columns, scores, self.class_names))
        tensors = {
            "start": torch.tensor([start for *_, start, _ in rows]),
            "end": torch.tensor([end for *_, end in rows]),
            **{key: torch.tensor(columns[key]) for key in ("start_frame", "end_frame")},
        }
        table = {"paths": columns["path"], **tensors, "scores": scores, "windows": name}
        self._tensors(f"{WINDOWS}{name}.pt", {**table, "class_names": self.class_names})
        return f"{file} and .pt"

    def _tensors(self, ending: str, table: dict[str, Any]) -> Path:
        file = self._file(ending)
        write_table(file, {**table, KEY: self.origin})
        return file

    def _file(self, ending: str) -> Path:
        return self.stem.with_name(f"{self.stem.name}{ending}")


def _seconds(time: float) -> str:
    return "" if math.isnan(time) else f"{time:.3f}"


def _require_writable(folder: Path) -> None:
    if place := unwritable_place(folder):
        raise RunError(f"--output {folder}: {place} cannot be written; choose another folder")
