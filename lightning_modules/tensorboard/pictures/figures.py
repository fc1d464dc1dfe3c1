"""Shared by all pictures: sizes in pixels, colour maps, and names shortened to fit."""

import io
from bisect import bisect_right

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightning_modules.tensorboard.pictures.fonts import provide_glyphs

DPI = 80
LINE = 16
"""Height of a line of text in matplotlib's default font at this resolution, pixels."""
MARGIN = 8
"""Empty pixels around a picture."""

SEQUENTIAL = "viridis"
"""Colour map for values from low to high."""
SPARSE = "Blues"
"""Colour map for shares that are nearly all zero."""
DIVERGING = "RdBu_r"
"""Colour map for values from negative to positive, white at zero."""
GREY = "#707070"


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure of a given size in pixels.

    It is not registered with pyplot: its memory is freed when nothing refers to it any more.
    """
    return Figure((width / DPI, height / DPI), DPI)


def as_png(figure: Figure) -> memoryview:
    """Encode a figure as the content of a file."""
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getbuffer()


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes at a place given in pixels from the figure's top left corner."""
    wide, high = figure.get_size_inches() * DPI
    return figure.add_axes((left / wide, 1 - (top + height) / high, width / wide, height / high))


def text_width(text: str) -> float:
    """Measure one line of text in the default font as it is drawn, pixels.

    The outlines of its letters would be up to 2 % narrower: letters are drawn on whole pixels.
    """
    drawn = new_figure(1, 1).text(0, 0, text, parse_math=False)
    return drawn.get_window_extent().width


def shorten(text: str, width: float) -> str:
    """Replace as little as possible of a text's middle by an ellipsis to fit ``width`` pixels."""

    def cut(kept: int) -> str:
        return f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"

    provide_glyphs(text)
    if text_width(text) <= width:
        return text
    fitting = bisect_right(range(len(text)), width, key=lambda kept: text_width(cut(kept)))
    return cut(max(fitting - 1, 1))
