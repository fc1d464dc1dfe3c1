"""Sliding windows over a long video: their places, in frames and in seconds."""

import argparse
import re
from typing import NamedTuple

from datamodules.decoding.video import FrameSource
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import DataError
from experiments.inference.sources import Excerpt


class Length(NamedTuple):
    """A length of time as the user wrote it.

    Attributes:
        text: Such as ``4s`` or ``64f``.
        value: Its number.
        in_frames: Whether that counts frames instead of seconds.
    """

    text: str
    value: float
    in_frames: bool

    def frames(self, path: str, fps: float) -> int:
        """Convert to frames, at least 1.

        Raises:
            DataError: If it is in seconds and the video has no frame rate.
        """
        if self.in_frames:
            return max(1, round(self.value))
        if not fps:
            raise DataError(
                f"{path}: has no frame rate, so {self.text} cannot be measured in it; give frames, "
                "such as 100f"
            )
        return max(1, round(self.value * fps))


class Window(NamedTuple):
    """A part of a video.

    Attributes:
        start: Index of its first frame.
        frames: Number of frames.
        start_time: Seconds; frames where the video has no frame rate.
        end_time: Likewise, the start of the frame after the last one.
    """

    start: int
    frames: int
    start_time: float
    end_time: float

    def of(self, source: FrameSource) -> Excerpt:
        """Give these frames of a video."""
        return Excerpt(source, self.start, self.frames)


class Windows(NamedTuple):
    """The settings of sliding windows.

    Attributes:
        length: Of each window.
        stride: From the start of one window to that of the next.
    """

    length: Length
    stride: Length

    def places(self, path: str, facts: VideoFacts) -> list[Window]:
        """Place windows over a video, from its start; a last one ends with the video.

        Args:
            path: For messages.
            facts: Of the video.

        Raises:
            DataError: If the window is longer than the video, or needs a frame rate it lacks.
        """
        length, stride = (part.frames(path, facts.fps) for part in self)
        if length > facts.frames:
            rate = f" ({facts.frames / facts.fps:.2f}s)" if facts.fps else ""
            raise DataError(
                f"{path}: has {facts.frames} frames{rate}, fewer than the {length} of --window "
                f"{self.length.text}; give a shorter one"
            )
        starts = list(range(0, facts.frames - length + 1, stride))
        if starts[-1] + length < facts.frames:
            starts.append(facts.frames - length)
        return [place(start, length, facts) for start in starts]


def place(start: int, frames: int, facts: VideoFacts) -> Window:
    """Make a window of a video."""
    rate = facts.fps or 1
    return Window(start, frames, start / rate, (start + frames) / rate)


def whole(facts: VideoFacts) -> Window:
    """Make the window that spans a whole video."""
    return place(0, facts.frames, facts)


def length_argument(text: str) -> Length:
    """Read an argument such as ``4s``, ``0.5s`` or ``64f``.

    Raises:
        argparse.ArgumentTypeError: If it is no such length, or zero.
    """
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)(s|f)", text.strip())
    if match is None or not float(match[1]):
        raise argparse.ArgumentTypeError(
            f"{text}: write seconds or frames, above 0, such as 4s, 0.5s or 64f"
        )
    return Length(text, float(match[1]), match[2] == "f")
