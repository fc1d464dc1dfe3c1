"""Looking at figures as they are drawn: their pixels and the places of their texts."""

from typing import Any

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.typing import ColorType
from torch import Tensor

LONG_NAMES = (
    "Putting something that cannot actually stand upright on the table, so it falls on its side",
    "Öffnen der Tür - größer als gedacht, und zwar viel größer, als irgendwer gedacht hätte",
    r"it costs $5 or $\nonsense{ and_has_underscores",  # as mathtext, this would be an error
)


def names_of(classes: int) -> list[str]:
    """Make class names: long ones, in turn."""
    return [f"{LONG_NAMES[k % len(LONG_NAMES)]} {k}" for k in range(classes)]


def pixels_of(figure: Figure) -> Tensor:
    """Draw a figure as TensorBoard gets it, uint8 (H, W, 3)."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return torch.from_numpy(np.asarray(canvas.buffer_rgba()).copy())[..., :3]


def values_of(image: AxesImage) -> Tensor:
    """Return the values that an image shows."""
    return torch.from_numpy(np.asarray(image.get_array()))


def count_pixels(pixels: Tensor, colour: ColorType) -> int:
    """Count the pixels of exactly one colour."""
    wanted = (torch.tensor(to_rgb(colour)) * 255).round().byte()
    return int((pixels == wanted).all(-1).sum())


def texts_of(figure: Figure) -> list[str]:
    """List all that can be read in a figure, from what was drawn first to last."""
    return [text.get_text() for text in _visible_texts(figure)]


def check_readable(figure: Figure) -> None:
    """Assert that each text lies within the figure and overlaps no other one."""
    pixels_of(figure)
    texts = _visible_texts(figure)
    boxes = torch.tensor([list(text.get_window_extent().extents) for text in texts])
    start, end = boxes[:, :2] + 1, boxes[:, 2:] - 1  # a pixel of tolerance
    inside = (start >= 0).all(1) & (end <= torch.from_numpy(figure.bbox.size)).all(1)
    assert inside.all(), [texts[k] for k in (~inside).nonzero()]
    overlap = ((start[:, None] < end) & (start < end[:, None])).all(-1).fill_diagonal_(False)
    assert not overlap.any(), [(texts[j], texts[k]) for j, k in overlap.nonzero()]


def _visible_texts(figure: Figure) -> list[Text]:
    found = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    return [text for text in found if text.get_visible() and text.get_text()]
