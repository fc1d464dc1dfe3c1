"""Pictures of a comparison: learning curves, and confusion between some classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from experiments.grid.report.clip_scores import ClipScores
from lightning_modules.tensorboard.pictures.confusion import draw_confusion

CURVE = "train/top1"


def read_curve(run_dir: Path) -> list[float]:
    """Read the top-1 of the training clips after each epoch, 0-1; empty without events."""
    events = EventAccumulator(str(run_dir), size_guidance={"scalars": 0})
    events.Reload()
    if CURVE not in events.Tags()["scalars"]:
        return []
    by_step = {event.step: float(event.value) for event in events.Scalars(CURVE)}
    return [by_step[step] for step in sorted(by_step)]


def draw_curves(curves: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    """Draw the mean learning curve of each row.

    Args:
        curves: Row -> one curve for each training, all of the same length.
    """
    figure = Figure(figsize=(10, 5), layout="constrained")
    axes = figure.add_subplot()
    for number, (label, lines) in enumerate(curves.items()):
        length = min(map(len, lines))
        mean = 100 * torch.tensor([line[:length] for line in lines]).mean(dim=0)
        style = "-" if number < 5 else "--"
        axes.plot(range(1, length + 1), mean.tolist(), style, label=label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel("top-1 on training clips, %, mean over seeds")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", frameon=False)
    return figure


def draw_choices(scores: ClipScores, classes: Sequence[str]) -> Figure:
    """Draw the confusion between some classes, summed over the seeds.

    Only their clips are counted, and the prediction is the best-scored of these classes.

    Args:
        scores: The scores of one row.
        classes: Their names.
    """
    some = scores.within(classes)
    count = len(classes)
    predictions = some.scores.argmax(dim=2)
    cells = (some.labels * count + predictions).flatten()
    counts = torch.bincount(cells, minlength=count * count).reshape(count, count)
    return draw_confusion(counts, list(classes))
