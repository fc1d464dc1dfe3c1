"""Predictions as a table on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from experiments.inference.names import short_names
from experiments.inference.prediction import Prediction
from lightning_modules.checkpoints.prediction_files import SHOWN_CLASSES

SHOWN_VIDEOS = 20
BAR_CELLS = 20


def print_predictions(predictions: Sequence[Prediction], class_names: Sequence[str]) -> None:
    """Print the five most probable classes of each video, with a bar of their probability.

    Args:
        predictions: The first 20 are shown.
        class_names: The K classes.
    """
    console = Console()
    names = short_names([prediction.path for prediction in predictions])
    table = Table(
        Column("video", overflow="fold", ratio=1),
        Column("class", overflow="fold", ratio=2),
        Column("%", justify="right"),
        Column("", min_width=BAR_CELLS),
        box=None,
        padding=(0, 2, 0, 0),
    )
    for prediction in predictions[:SHOWN_VIDEOS]:
        name = names[prediction.path]
        best = prediction.logits.softmax(0).topk(min(SHOWN_CLASSES, len(class_names)))
        for place, share in zip(best.indices.tolist(), best.values.tolist(), strict=True):
            table.add_row(Text(name), Text(class_names[place]), f"{100 * share:.1f}", _bar(share))
            name = ""
    console.print(table)
    if len(predictions) > SHOWN_VIDEOS:
        console.print(f"... {len(predictions):,} videos in all, see the csv")


def _bar(share: float) -> str:
    return "█" * round(share * BAR_CELLS) or "▏"
