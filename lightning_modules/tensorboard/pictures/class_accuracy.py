"""The accuracy of each class as bars, worst first, with what it is mostly taken for."""

from collections.abc import Sequence

import torch
from PIL import ImageDraw
from torch import Tensor

from lightning_modules.tensorboard.pictures.canvas import (
    FAINT,
    INK,
    LINE,
    Picture,
    blank,
    font,
    shorten,
    stack,
    text_line,
    text_width,
)
from lightning_modules.tensorboard.pictures.confusion import row_shares

SHOWN = 20
WIDEST_NAME, BAR_WIDTH, NOTE_WIDTH = 270, 200, 510
BAR_COLOUR, TRACK_COLOUR = "#21918c", "#ececec"


def draw_class_accuracy(counts: Tensor, class_names: Sequence[str], shown: int = SHOWN) -> Picture:
    """Draw the worst and the best classes; classes without videos are left out.

    Args:
        counts: Videos by label (rows) and prediction (columns), (K, K).
        class_names: The K classes.
        shown: How many of the worst and of the best; all where that is no fewer.
    """
    counts = counts.cpu()
    accuracy = row_shares(counts.float()).diagonal()
    ranking = [int(k) for k in accuracy.argsort(stable=True) if counts[k].sum() > 0]

    longest = max(text_width(name) for name in class_names)
    width = min(longest, WIDEST_NAME) + 8

    def rows(classes: Sequence[int]) -> list[Picture]:
        return [_row(counts[k], k, class_names, width) for k in classes]

    if len(ranking) <= 2 * shown:
        return stack([text_line("accuracy by class, worst first"), *rows(ranking)], 2, margin=8)
    worst = [text_line(f"the {shown} worst of {len(ranking)} classes"), *rows(ranking[:shown])]
    best = [text_line(f"the {shown} best"), *rows(ranking[-shown:])]
    return stack([*worst, *best], 2, margin=8)


def _row(counts: Tensor, label: int, names: Sequence[str], name_width: int) -> Picture:
    """Draw one class: name, bar, percent, videos, commonest mistake."""
    videos, right = int(counts.sum()), int(counts[label])
    row = blank(name_width + BAR_WIDTH + NOTE_WIDTH, LINE)
    pen = ImageDraw.Draw(row)
    name = shorten(names[label], WIDEST_NAME)
    pen.text((name_width - 8, 1), name, INK, font(), anchor="ra")
    pen.rectangle((name_width, 2, name_width + BAR_WIDTH - 1, LINE - 3), TRACK_COLOUR)
    if right:
        end = name_width + round(BAR_WIDTH * right / videos) - 1
        pen.rectangle((name_width, 2, end, LINE - 3), BAR_COLOUR)
    left = name_width + BAR_WIDTH + 8
    pen.text((left, 1), f"{100 * right / videos:.0f} %  {right} of {videos}", INK, font())
    if right < videos:
        mistakes = torch.where(torch.arange(len(counts)) == label, 0, counts)
        other = int(mistakes.argmax())
        share = 100 * int(mistakes[other]) / videos
        text = f"{share:.0f} % taken for {shorten(names[other], WIDEST_NAME)}"
        pen.text((left + 116, 1), text, FAINT, font())
    return row
