"""The confusion matrix: numbers in cells for few classes, a heat map for many."""

from collections.abc import Sequence

from PIL import Image, ImageDraw
from torch import Tensor

from lightning_modules.tensorboard.pictures.canvas import (
    INK,
    LINE,
    PAPER,
    SPARSE,
    Picture,
    beside,
    blank,
    colour,
    colour_bar,
    enlarge,
    font,
    shorten,
    stack,
    text_line,
    text_width,
)

SIDE = 800
LARGEST_CELL = 48
CELL_WITH_NUMBER = 26
NAME_WIDTH = 150
DARK_SHARE = 0.2
TICK_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
TICK_GAP = 40


def row_shares(counts: Tensor) -> Tensor:
    """Divide each row by its sum, (K, K); rows without videos stay zero."""
    return counts / counts.sum(1, keepdim=True).clamp(min=1)


def draw_confusion(counts: Tensor, class_names: Sequence[str]) -> Picture:
    """Draw a confusion matrix with normalised rows.

    Args:
        counts: Videos by label (rows) and prediction (columns), (K, K).
        class_names: The K classes.
    """
    shares = row_shares(counts.float().cpu())
    classes = len(class_names)
    cell = min(LARGEST_CELL, max(2, SIDE // classes))
    # Square roots, so that confusions of a few percent are seen.
    matrix = enlarge(colour(shares.sqrt(), SPARSE), cell * classes, cell * classes)
    if cell >= CELL_WITH_NUMBER:
        _write_percents(matrix, shares, cell)
    names = _axis_texts(class_names, cell)
    margin = max(text_width(text) for text in names.values()) + 6
    sheet = blank(margin + matrix.width, margin + matrix.height)
    sheet.paste(matrix, (margin, margin))
    for k, text in names.items():
        line = text_line(text)
        middle = margin + k * cell + (cell - LINE) // 2
        sheet.paste(line, (margin - 4 - line.width, middle))
        sheet.paste(line.transpose(Image.Transpose.ROTATE_90), (middle, margin - 4 - line.width))
    bar = colour_bar(("0 %", "100 %   (middle: 25 %)"), SPARSE)
    legend = beside([text_line("rows: label   columns: prediction   share of the row:"), bar])
    return stack([legend, sheet], margin=8)


def _axis_texts(class_names: Sequence[str], cell: int) -> dict[int, str]:
    """Name every class where there is room, else number some."""
    if cell >= LINE - 2:
        return {k: shorten(name, NAME_WIDTH) for k, name in enumerate(class_names)}
    step = next(step for step in TICK_STEPS if step * cell >= TICK_GAP or step == TICK_STEPS[-1])
    return {k: str(k) for k in range(0, len(class_names), step)}


def _write_percents(matrix: Picture, shares: Tensor, cell: int) -> None:
    pen = ImageDraw.Draw(matrix)
    for row, column in shares.nonzero().tolist():
        share = float(shares[row, column])
        middle = ((column + 0.5) * cell, (row + 0.5) * cell)
        ink = PAPER if share > DARK_SHARE else INK
        pen.text(middle, f"{100 * share:.0f}", ink, font(), anchor="mm")
