"""Texts shortened to their place, and places in pixels."""

import pytest

from lightning_modules.tensorboard.pictures.figures import (
    axes_at,
    new_figure,
    shorten,
    text_width,
)
from tests.lightning_modules.tensorboard.pictures.drawing import LONG_NAMES, pixels_of


@pytest.mark.parametrize("width", [40, 60, 100])
def test_a_long_text_is_shortened_in_its_middle(width: int) -> None:
    text = "Pretending to put something behind something"
    short = shorten(text, width)
    assert text_width(short) <= width
    assert (short[0], short[-1]) == (text[0], text[-1])


@pytest.mark.parametrize("name", LONG_NAMES)
def test_a_shortened_text_is_no_wider_when_it_is_drawn(name: str) -> None:
    figure = new_figure(500, 20)
    for width in range(100, 500, 20):
        drawn = figure.text(0, 0, shorten(name, width), parse_math=False)
        pixels_of(figure)
        assert drawn.get_window_extent().width <= width


def test_a_text_that_fits_is_unchanged() -> None:
    assert shorten("left", 100) == "left"


def test_axes_are_placed_in_pixels_from_the_top_left() -> None:
    figure = new_figure(200, 100)
    assert list(figure.bbox.size) == [200, 100]
    box = axes_at(figure, left=10, top=20, width=50, height=30).bbox
    assert (box.x0, box.x1) == pytest.approx((10, 60))
    assert (box.y1, box.y0) == pytest.approx((80, 50))  # matplotlib counts from the bottom
