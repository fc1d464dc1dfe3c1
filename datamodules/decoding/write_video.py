"""Encodes frames as a video file."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from datamodules.atomic_write import atomic_write


def write_video(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    fps: int | Fraction = 25,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: Mapping[str, str] | None = None,
) -> None:
    """Encode a video; the file appears whole or not at all.

    Args:
        path: The file; its ending chooses the container, its folder is made if missing.
        frames: One or more RGB images, uint8 0-255, (H, W, 3), or an array of them; H and W even
            for yuv420p.
        fps: Frames per second.
        codec: FFmpeg's name of the encoder; ``libx264rgb`` with ``crf`` 0 is lossless.
        pixel_format: FFmpeg's name of the stored format, ``rgb24`` for ``libx264rgb``.
        options: The encoder's options.

    Raises:
        DataError: If the disk does not take it.
    """
    with atomic_write(path) as draft, av.open(f"file:{draft}", "w") as container:
        stream = container.add_stream(codec, rate=fps, options=dict(options or {}))
        assert isinstance(stream, VideoStream)
        images = iter(frames)
        first = next(images)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = pixel_format
        stream.codec_context.thread_count = 1
        for image in chain([first], images):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
