"""The accuracy of each class as bars, worst first, with its most common confusion."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modules.tensorboard.pictures.figures import GREY, LINE, new_figure, shorten

SHOWN = 20
WIDTH = 1000
LONGEST_NAME = 250
BAR_COLOUR, TRACK_COLOUR = "#21918c", "#ececec"


def draw_class_accuracy(counts: Tensor, class_names: Sequence[str], shown: int = SHOWN) -> Figure:
    """Draw the worst and the best classes; classes without videos are left out.

    Args:
        counts: Videos by label (rows) and prediction (columns), (K, K).
        class_names: The K classes.
        shown: Number of the worst and of the best classes; all if there are at most twice as many.
    """
    counts = counts.cpu()
    right, videos = counts.diagonal(), counts.sum(1)
    wrong, confused = counts.clone().fill_diagonal_(0).max(1)
    order = (right / videos).argsort(stable=True).tolist()
    ranking = [k for k in order if videos[k] > 0]
    panels = {"accuracy by class, worst first": ranking}
    if len(ranking) > 2 * shown:
        worst = f"the {shown} worst of {len(ranking)} classes"
        panels = {worst: ranking[:shown], f"the {shown} best": ranking[-shown:]}

    def percent(part: Tensor, k: int) -> str:
        return f"{100 * int(part[k]) / int(videos[k]):.0f} %"

    def confusion(k: int) -> str:
        name = shorten(class_names[int(confused[k])], LONGEST_NAME)
        return f"{percent(wrong, k)} predicted as {name}" if wrong[k] > 0 else ""

    lines = [len(classes) + 2 for classes in panels.values()]  # 2 for the title
    figure = new_figure(WIDTH, LINE * sum(lines))
    figure.set_layout_engine("constrained")
    rows = figure.subplots(len(panels), squeeze=False, height_ratios=lines)[:, 0]
    for axes, (title, classes) in zip(rows, panels.items(), strict=True):
        axes.set_title(title, loc="left")
        _draw_bars(
            axes,
            names=[shorten(class_names[k], LONGEST_NAME) for k in classes],
            shares=(right[classes] / videos[classes]).tolist(),
            notes=[f"{percent(right, k)}  {right[k]} of {videos[k]}" for k in classes],
            confusions=[confusion(k) for k in classes],
        )
    return figure


def _draw_bars(
    axes: Axes, names: list[str], shares: list[float], notes: list[str], confusions: list[str]
) -> None:
    """Draw one class a line, from left to right: name, bar of its share (0-1), two notes."""
    places = range(len(names))
    track = axes.barh(places, [1] * len(names), color=TRACK_COLOUR)
    axes.barh(places, shares, color=BAR_COLOUR)
    axes.bar_label(track, notes, padding=6)
    axes.bar_label(track, confusions, padding=120, color=GREY, parse_math=False)
    axes.set_yticks(places, names, parse_math=False)
    axes.tick_params(length=0)
    axes.set(xticks=[], xlim=(0, 1), ylim=(len(names) - 0.5, -0.5))
    axes.spines[:].set_visible(False)
