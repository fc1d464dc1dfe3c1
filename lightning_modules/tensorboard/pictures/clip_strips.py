"""Clips as strips of frames with what was expected and what came."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from lightning_modules.tensorboard.pictures.canvas import (
    Picture,
    beside,
    frame_picture,
    shorten,
    stack,
    text_line,
)

WIDTH = 960
TALLEST_FRAME = 112


class ScoredClip(NamedTuple):
    """A clip and how it was scored; plain enough to be sent between processes.

    Attributes:
        loss: Its cross-entropy.
        label: Its class.
        prediction: The likeliest class.
        probability: Of the prediction, 0-1.
        path: Its file.
        frames: uint8 0-255, (T, 3, H, W), on the CPU.
    """

    loss: float
    label: int
    prediction: int
    probability: float
    path: str
    frames: Tensor


def frame_height(num_frames: int) -> int:
    """Choose the height of a strip's frames, pixels, so that T square frames fit its width."""
    return min(TALLEST_FRAME, WIDTH // num_frames - 2)


def draw_clips(clips: Sequence[ScoredClip], class_names: Sequence[str]) -> Picture:
    """Draw one strip of T frames per clip under a line of text, in the given order."""
    strips = []
    for clip in clips:
        side = frame_height(len(clip.frames))
        text = (
            f"loss {clip.loss:.2f}   label: {class_names[clip.label]}   "
            f"prediction: {class_names[clip.prediction]} {100 * clip.probability:.0f} %   "
        )
        title = text_line(shorten(text + "/".join(clip.path.split("/")[-2:]), WIDTH))
        frames = [frame_picture(frame, side) for frame in clip.frames]
        strips.append(stack([title, beside(frames, gap=2)], gap=2))
    return stack(strips, gap=10, margin=8)
