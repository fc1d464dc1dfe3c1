"""Text that fits, and colours at the ends of their palettes."""

import pytest
import torch
from PIL import ImageColor

from lightning_modules.tensorboard.pictures.canvas import (
    DIVERGING,
    SEQUENTIAL,
    SPARSE,
    Palette,
    beside,
    blank,
    colour,
    frame_picture,
    shorten,
    stack,
    text_width,
)


@pytest.mark.parametrize("width", [40, 60, 100])
def test_a_long_text_is_cut_in_its_middle(width: int) -> None:
    text = "Pretending to put something behind something"
    short = shorten(text, width)
    assert text_width(short) <= width
    assert (short[0], short[-1]) == (text[0], text[-1])


def test_a_text_that_fits_stays() -> None:
    assert shorten("left", 100) == "left"


@pytest.mark.parametrize("palette", [SEQUENTIAL, SPARSE, DIVERGING])
def test_ends_and_middle_have_their_colours_and_the_rest_is_clipped(palette: Palette) -> None:
    picture = colour(torch.tensor([[-1.0, 0.0, 1.0, 2.0]]), palette)
    pixels = [picture.getpixel((x, 0)) for x in range(4)]
    low, high = ImageColor.getrgb(palette.low), ImageColor.getrgb(palette.high)
    assert pixels == [low, low, high, high]


def test_small_frames_keep_their_pixels_when_enlarged() -> None:
    frame = torch.tensor([0, 255], dtype=torch.uint8).expand(3, 2, 2)
    picture = frame_picture(frame, 8)
    assert picture.size == (8, 8)
    assert {picture.getpixel((x, y)) for x in range(8) for y in range(8)} == {
        (0, 0, 0),
        (255, 255, 255),
    }


def test_pictures_stand_side_by_side_and_below_each_other() -> None:
    parts = [blank(10, 4), blank(5, 8)]
    assert beside(parts, gap=2).size == (17, 8)
    assert stack(parts, gap=2, margin=1).size == (12, 16)
