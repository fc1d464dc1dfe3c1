"""What pictures are put together from: text, colours for values, frames, and stacking."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont, ImageOps
from torch import Tensor
from torchvision.transforms.v2.functional import to_pil_image

LINE = 16
"""Height of a line of text, pixels."""

INK, FAINT, PAPER = "#202020", "#909090", "white"
Picture = Image.Image


class Palette(NamedTuple):
    """The colours of 0, 0.5 and 1; those between are mixed."""

    low: str
    middle: str
    high: str


SEQUENTIAL = Palette("#440154", "#21918c", "#fde725")
"""From nothing to much."""
SPARSE = Palette("#f4f4f4", "#4292c6", "#08306b")
"""From nothing to all, where nearly everything is nothing."""
DIVERGING = Palette("#2166ac", "#f7f7f7", "#b2182b")
"""From negative over zero to positive."""


@cache
def font(size: int = 12) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Load the font that Pillow brings."""
    return ImageFont.load_default(size)


def text_width(text: str) -> int:
    """Measure a text, pixels."""
    return int(font().getlength(text)) + 1


def shorten(text: str, width: int) -> str:
    """Cut a text's middle out until it fits into ``width`` pixels."""
    kept = len(text)
    short = text
    while kept > 1 and text_width(short) > width:
        kept -= 1
        short = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
    return short


def blank(width: int, height: int) -> Picture:
    """Make an empty picture."""
    return Image.new("RGB", (width, height), PAPER)


def cell(picture: Picture, width: int, height: int = LINE) -> Picture:
    """Put a picture at the left of an empty cell, half-way down; what is too wide is cut off."""
    sheet = blank(width, height)
    sheet.paste(picture, (0, (height - picture.height) // 2))
    return sheet


def text_line(text: str, colour: str = INK) -> Picture:
    """Write one line of text, as wide as the text."""
    line = blank(text_width(text), LINE)
    ImageDraw.Draw(line).text((0, 1), text, colour, font())
    return line


def colour(values: Tensor, palette: Palette = SEQUENTIAL) -> Picture:
    """Paint values 0-1, (H, W), one pixel each; what lies outside is clipped."""
    grey = to_pil_image((values.float().clamp(0, 1) * 255).round().byte().cpu())
    return ImageOps.colorize(grey, palette.low, palette.high, palette.middle)


def colour_bar(ends: tuple[str, str], palette: Palette = SEQUENTIAL) -> Picture:
    """Draw a palette's legend with the texts of its two ends."""
    ramp = Image.linear_gradient("L").rotate(90).resize((120, LINE - 4))
    bar = ImageOps.colorize(ramp, palette.low, palette.high, palette.middle)
    return beside([text_line(ends[0]), bar, text_line(ends[1])])


def enlarge(picture: Picture, width: int, height: int) -> Picture:
    """Resize so that small pictures keep their pixels and large ones are averaged."""
    grows = width >= picture.width and height >= picture.height
    method = Image.Resampling.NEAREST if grows else Image.Resampling.BOX
    return picture.resize((width, height), method)


def frame_picture(frame: Tensor, side: int) -> Picture:
    """Show one frame, uint8 (3, H, W), with a height of ``side`` pixels."""
    picture: Picture = to_pil_image(frame.cpu())
    return enlarge(picture, round(side * picture.width / picture.height), side)


def beside(pictures: Sequence[Picture], gap: int = 6) -> Picture:
    """Put pictures side by side, tops level."""
    width = sum(picture.width for picture in pictures) + gap * (len(pictures) - 1)
    sheet = blank(width, max(picture.height for picture in pictures))
    left = 0
    for picture in pictures:
        sheet.paste(picture, (left, 0))
        left += picture.width + gap
    return sheet


def stack(pictures: Sequence[Picture], gap: int = 6, margin: int = 0) -> Picture:
    """Put pictures below each other, left sides level, in a margin."""
    width = max(picture.width for picture in pictures)
    height = sum(picture.height for picture in pictures) + gap * (len(pictures) - 1)
    sheet = blank(width + 2 * margin, height + 2 * margin)
    top = margin
    for picture in pictures:
        sheet.paste(picture, (margin, top))
        top += picture.height + gap
    return sheet
