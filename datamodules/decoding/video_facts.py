"""What one look through a video finds out."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VideoFacts:
    """What a video file, or a folder of frames, holds.

    Attributes:
        frames: Frames that can be read.
        header_frames: Frames that the file's header claims; 0 where it says nothing.
        fps: Average frames per second that the header claims; 0 where it says nothing.
        width: Pixels, upright.
        height: Pixels, upright.
        codec: FFmpeg's name, or the suffix of the images.
        keyframes: Packets marked as keyframes; each image is one.
        layout: How to read single frames, packed; empty where only decoding in order is exact.
    """

    frames: int
    header_frames: int
    fps: float
    width: int
    height: int
    codec: str
    keyframes: int
    layout: bytes
