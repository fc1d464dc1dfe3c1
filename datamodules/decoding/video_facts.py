"""The result of scanning one video."""

from dataclasses import dataclass
from typing import Final

UNPROVEN: Final = b"unproven"
"""In place of a seek index: nothing was decoded, and all facts may be wrong."""


@dataclass(frozen=True)
class VideoFacts:
    """Properties of a video file or a folder of frames.

    Attributes:
        frames: Number of frames that decode.
        header_frames: Number of frames according to the header; 0 if unknown.
        fps: Average frames per second according to the header; 0 if unknown.
        width: Pixels, upright.
        height: Pixels, upright.
        codec: FFmpeg's name, or the suffix of the images.
        keyframes: Number of packets marked as keyframes; every image of a folder counts.
        seek_index: Serialized, for random access; empty where only decoding in order is exact;
            `UNPROVEN` where the video has not been decoded.
    """

    frames: int
    header_frames: int
    fps: float
    width: int
    height: int
    codec: str
    keyframes: int
    seek_index: bytes
