"""Transcodes videos to the format of Something-Something V2: VP9 webm, height 240, 12 frames/s."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datamodules.decoding.video_stream import named_errors, open_video
from datamodules.decoding.write_video import write_video

HEIGHT = 240
FPS = 12
SECONDS = 4
"""Videos of Something-Something V2 last 2 to 6 seconds."""

OPTIONS = {"crf": "31", "b": "0", "deadline": "good", "cpu-used": "4"}
NOTE = (
    f"VP9 files were transcoded here, by libvpx, to height {HEIGHT}, {FPS} frames/s, at most "
    f"{SECONDS} s, as in Something-Something V2; they are not original files."
)


def transcode(path: Path, folder: Path) -> Path:
    """Write a video's first seconds as VP9.

    Args:
        path: A video.
        folder: The folder for the webm.

    Raises:
        VideoDecodeError: If the video does not decode.
    """
    target = folder / f"{path.stem}.webm"
    with named_errors(path):
        write_video(target, _frames(path), fps=FPS, codec="libvpx-vp9", options=OPTIONS)
    return target


def _frames(path: Path) -> NDArray[np.uint8]:
    """Return about every n-th frame, (n, H, W, 3)."""
    images: list[NDArray[np.uint8]] = []
    with open_video(path) as (container, stream):
        step = max(1.0, float(stream.average_rate or FPS) / FPS)
        for index, frame in enumerate(container.decode(stream)):
            if index >= len(images) * step:
                width = 2 * round(frame.width * HEIGHT / frame.height / 2)
                small: Any = frame.to_ndarray(format="rgb24", width=width, height=HEIGHT)
                images.append(small)
            if len(images) == FPS * SECONDS:
                break
    return np.stack(images)
