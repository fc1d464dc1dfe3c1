"""Where the parts of a rendered video stand, in pixels; all renderings are 1280 x 720."""

from dataclasses import dataclass
from typing import NamedTuple

WIDTH, HEIGHT = 1280, 720
MARGIN = 16


class Box(NamedTuple):
    """A rectangle, from its top left corner."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Layout:
    """The places of the parts.

    Attributes:
        video: The video itself, as large as fits, centred.
        bars: The most probable classes now.
        caption: The line above the sampled frames.
        frames: The sampled frames with Grad-CAM.
        timeline: The scores over time.
    """

    video: Box
    bars: Box
    caption: Box
    frames: Box
    timeline: Box


LANDSCAPE = Layout(
    video=Box(MARGIN, MARGIN, 784, 440),
    bars=Box(816, MARGIN, 448, 440),
    caption=Box(MARGIN, 464, 1248, 20),
    frames=Box(MARGIN, 486, 1248, 104),
    timeline=Box(MARGIN, 596, 1248, 116),
)
PORTRAIT = Layout(
    video=Box(MARGIN, MARGIN, 400, 688),
    bars=Box(432, MARGIN, 832, 330),
    caption=Box(432, 360, 832, 20),
    frames=Box(432, 384, 832, 120),
    timeline=Box(432, 520, 832, 184),
)


def layout_for(width: int, height: int) -> Layout:
    """Choose the layout of a video of a size in pixels."""
    return LANDSCAPE if width >= height else PORTRAIT
