"""A video: a file that FFmpeg reads, or a folder of numbered images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from torch import Tensor

from datamodules.decoding.frame_folder import read_folder, scan_folder
from datamodules.decoding.orientation import upright_rgb
from datamodules.decoding.packet_look import look_at_packets
from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.video_facts import UNPROVEN, VideoFacts
from datamodules.decoding.video_scan import scan_video
from datamodules.decoding.video_stream import iterate_frames
from datamodules.packs.find import is_folder


@runtime_checkable
class FrameSource(Protocol):
    """Anything whose frames can be read by index: a video, a part of one, decoded frames."""

    @property
    def frames(self) -> int:
        """The number of frames."""

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Tensor:
        """Read frames by index, uint8 0-255, (len(indices), 3, H, W)."""


@dataclass(frozen=True)
class Video:
    """One video, its number of frames and its seek index.

    Attributes:
        path: A file, or a folder of images.
        frames: Number of frames.
        seek_index: From `scan`; empty to read without one. From `glance` it may be `UNPROVEN`: such
            a video must be scanned before it is read.
    """

    path: Path
    frames: int
    seek_index: bytes = b""

    @property
    def is_proven(self) -> bool:
        """Whether it was scanned, so that its number of frames is right."""
        return self.seek_index != UNPROVEN

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Tensor:
        """Read frames by index, uint8 0-255, (len(indices), 3, H, W).

        Raises:
            VideoDecodeError: If they do not decode.
        """
        read = read_folder if is_folder(self.path) else read_frames
        return read(self.path, indices, self.seek_index)

    def in_order(self) -> Iterator[NDArray[np.uint8]]:
        """Read all frames from first to last, one at a time, uint8 0-255, (H, W, 3).

        Raises:
            VideoDecodeError: If one does not decode.
        """
        if is_folder(self.path):
            for index in range(self.frames):
                yield self.read([index])[0].permute(1, 2, 0).numpy()
            return
        converter = VideoReformatter()
        for frame in iterate_frames(self.path):
            yield upright_rgb(frame, converter)


def scan(path: Path) -> VideoFacts:
    """Scan a video: decode it once and build its seek index.

    Raises:
        VideoDecodeError: If it cannot be used.
    """
    return scan_folder(path) if is_folder(path) else scan_video(path)


def glance(path: Path) -> VideoFacts:
    """Look at the packets of a file only; a folder of images is scanned, which is as quick.

    Raises:
        VideoDecodeError: If it cannot be used.
    """
    return scan_folder(path) if is_folder(path) else look_at_packets(path)
