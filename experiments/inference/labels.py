"""Labels of videos to predict, where csvs have them: how many predictions are right."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from datamodules.lists.video_csv import read_labels
from experiments.inference.prediction import Prediction
from lightning_modules.metrics import label_ranks

UNKNOWN = -1
SHOWN_CLASSES = 3


def known_labels(places: Sequence[Path], class_names: Sequence[str]) -> dict[str, int]:
    """Read the labels that csvs give to videos, as classes of the network.

    Labels that are no class name of the network are counted on the terminal, and left out.

    Args:
        places: What is predicted; csvs among it may have a column ``label``.
        class_names: The K classes.

    Returns:
        Path -> class from 0.

    Raises:
        DataError: If a csv cannot be read.
    """
    classes = {name: index for index, name in enumerate(class_names)}
    tables = [read_labels(place) for place in places if place.suffix.lower() == ".csv"]
    written = {path: label for table in tables for path, label in table.items()}
    others = sorted({label for label in written.values() if label not in classes})
    if others:
        count = sum(label in others for label in written.values())
        counted = f"{count:,} label{'s' * (count > 1)}"
        more = ", ..." if len(others) > SHOWN_CLASSES else ""
        shown = ", ".join(map(repr, others[:SHOWN_CLASSES])) + more
        print(f"{counted} not counted, because the network has no such class: {shown}")
    return {path: classes[label] for path, label in written.items() if label in classes}


def labels_of(predictions: Sequence[Prediction], known: Mapping[str, int]) -> Tensor:
    """Give the class of each video, int64 (n,), -1 where unknown."""
    return torch.tensor([known.get(prediction.path, UNKNOWN) for prediction in predictions])


def describe_accuracy(scores: Tensor, labels: Tensor) -> str:
    """Describe top-1 and the mean of the classes' top-1, of the videos that have a label.

    Args:
        scores: Logits, (n, K).
        labels: Classes, (n,); -1 where unknown, but not everywhere.
    """
    counted = labels != UNKNOWN
    labels = labels[counted]
    right = (label_ranks(scores[counted], labels) == 0).double()
    by_class = torch.stack([right[labels == label].mean() for label in labels.unique()])
    return (
        f"top-1 {100 * right.mean():.2f} %, mean class accuracy {100 * by_class.mean():.2f} % "
        f"({len(labels):,} of {len(counted):,} videos have a label, {len(by_class)} of "
        f"{scores.shape[1]} classes)"
    )
