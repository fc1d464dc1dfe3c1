"""Keeps the predictions of a long list as they come, so that the same command can go on later."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any, Self

import torch

from datamodules.file_states import content_stamp
from experiments.inference.prediction import Prediction
from experiments.inference.recognizer import Features
from experiments.inference.windows import Window
from lightning_modules import RunError
from lightning_modules.checkpoints.prediction_files import write_table

SECONDS_BETWEEN_FILES = 30.0
DIGITS = 8


class PartialResults:
    """The predictions that an interrupted command has left, and those that are added.

    Predictions are written every 30 seconds, each file with those that are new. The folder's name
    has a hash of all that the predictions depend on but the videos themselves; a video that has
    changed since is predicted again. As a context manager: an exception leaves the predictions,
    and says so; otherwise they are deleted at the end, when they stand in other files.

    Args:
        stem: Where the folder goes, without its ending.
        settings: Weights, protocol, windows and whatever else decides a prediction.

    Attributes:
        found: What was left, by path.

    Raises:
        RunError: If a file that was left is damaged.
    """

    def __init__(self, stem: Path, settings: Mapping[str, Any]) -> None:
        digest = hashlib.sha256(repr(sorted(settings.items())).encode()).hexdigest()[:DIGITS]
        self.folder = stem.with_name(f"{stem.name}-partial-{digest}")
        files = sorted(self.folder.glob("*.pt"))
        entries = [entry for file in files for entry in _read(file)]
        self.found = {
            entry["path"]: _prediction(entry)
            for entry in entries
            if entry["stamp"] and entry["stamp"] == content_stamp(entry["path"])
        }
        self._files = len(files)
        self._new: list[dict[str, Any]] = []
        self._written = monotonic()

    def add(self, prediction: Prediction) -> None:
        """Add a prediction, and write those that are new if 30 seconds have passed."""
        self._new.append(_entry(prediction))
        if monotonic() - self._written > SECONDS_BETWEEN_FILES:
            self.write()

    def write(self) -> None:
        """Write the predictions that are new.

        Raises:
            RunError: If they cannot be written.
        """
        if self._new:
            write_table(self.folder / f"{self._files:06}.pt", {"predictions": self._new})
            self._files += 1
        self._new, self._written = [], monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: object, *_: object) -> None:
        if error is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        self.write()
        if self._files:
            print(f"{self.folder}: keeps what was predicted; the same command goes on from there")


def _entry(prediction: Prediction) -> dict[str, Any]:
    return {
        **vars(prediction),
        "stamp": content_stamp(prediction.path),
        "features": prediction.features and tuple(prediction.features),
        "windows": [tuple(window) for window in prediction.windows],
    }


def _prediction(entry: Mapping[str, Any]) -> Prediction:
    return Prediction(
        entry["path"],
        entry["logits"],
        entry["features"] and Features(*entry["features"]),
        [Window(*window) for window in entry["windows"]],
        entry["window_logits"],
    )


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        entries: list[dict[str, Any]] = torch.load(file, weights_only=True)["predictions"]
    except Exception as error:  # torch raises many kinds for a damaged file
        raise RunError(
            f"{file}: what an interrupted prediction has left is damaged; delete {file.parent}"
        ) from error
    return entries
