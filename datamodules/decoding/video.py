"""A video as data sets meet it: a file that FFmpeg reads, or a folder of numbered images."""

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


@dataclass(frozen=True)
class Video:
    """One video and what is known of it.

    Attributes:
        path: A file, or a folder of images.
        frames: How many it has.
        layout: How to read single ones, by `scan`; empty to do without.
    """

    path: Path
    frames: int
    layout: bytes = b""

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Tensor:
        """Read frames by index, uint8 0-255, (len(indices), 3, H, W), each decoded once.

        Raises:
            VideoDecodeError: If it does not give them.
        """
        read = read_folder if self.path.is_dir() else read_frames
        return read(self.path, indices, self.layout)


def scan(path: Path) -> VideoFacts:
    """Find out what a video holds and how to read it.

    Raises:
        VideoDecodeError: If it cannot be used.
    """
    return scan_folder(path) if path.is_dir() else scan_video(path)
