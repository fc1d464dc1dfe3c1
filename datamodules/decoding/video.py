"""A video: a file that FFmpeg reads, or a folder of numbered images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from datamodules.decoding.frame_folder import read_folder, scan_folder
from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.video_facts import VideoFacts
from datamodules.decoding.video_scan import scan_video
from datamodules.packs.find import is_folder


@dataclass(frozen=True)
class Video:
    """One video, its number of frames and its seek index.

    Attributes:
        path: A file, or a folder of images.
        frames: Number of frames.
        seek_index: From `scan`; empty to read without one.
    """

    path: Path
    frames: int
    seek_index: bytes = b""

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Tensor:
        """Read frames by index, uint8 0-255, (len(indices), 3, H, W).

        Raises:
            VideoDecodeError: If they do not decode.
        """
        read = read_folder if is_folder(self.path) else read_frames
        return read(self.path, indices, self.seek_index)


def scan(path: Path) -> VideoFacts:
    """Scan a video: decode it once and build its seek index.

    Raises:
        VideoDecodeError: If it cannot be used.
    """
    return scan_folder(path) if is_folder(path) else scan_video(path)
