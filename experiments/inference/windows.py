"""Sliding windows over a long video: their places, in frames and in seconds."""

import argparse
import math
import re
from collections.abc import Sequence
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
        end: Index of the frame after its last one.
        fps: Frames per second of the video; 0 if it has no rate, as a folder of images.
    """

    start: int
    end: int
    fps: float

    @property
    def times(self) -> tuple[float, float]:
        """Its start and end in seconds; NaN without a frame rate."""
        if not self.fps:
            return math.nan, math.nan
        return self.start / self.fps, self.end / self.fps

    def of(self, source: FrameSource) -> Excerpt:
        """Give these frames of a video."""
        return Excerpt(source, self.start, self.end - self.start)


class Windows(NamedTuple):
    """The settings of sliding windows.

    Attributes:
        length: Of each window.
        stride: From the start of one window to that of the next.
    """

    length: Length
    stride: Length

    @property
    def name(self) -> str:
        """Their name in a file's name, such as ``4s_1s``."""
        return f"{self.length.text}_{self.stride.text}"

    def places(self, path: str, facts: VideoFacts) -> list[Window]:
        """Place windows over a video, from its start; a last one ends with the video.

        A video that is shorter than a window gets one, which is the whole video.

        Args:
            path: For messages.
            facts: Of the video.

        Raises:
            DataError: If the video lacks a frame rate that the settings need, or frames between
                windows would not be scored.
        """
        length, stride = (part.frames(path, facts.fps) for part in self)
        if stride > length:
            raise DataError(
                f"{path}: --stride {self.stride.text} exceeds --window {self.length.text}, so that "
                "frames between them would not be scored; give a shorter stride"
            )
        last = max(facts.frames - length, 0)
        starts = [*range(0, last, stride), last]
        return [Window(start, min(start + length, facts.frames), facts.fps) for start in starts]

    def exceed(self, path: str, windows: Sequence[Window]) -> bool:
        """Whether a video, of which these are the windows, is shorter than one should be."""
        (start, end, fps), *others = windows
        return not others and end - start < self.length.frames(path, fps)


def whole(facts: VideoFacts) -> Window:
    """Make the window that spans a whole video."""
    return Window(0, facts.frames, facts.fps)


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
