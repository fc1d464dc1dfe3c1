"""Small videos in any container, and copies of them with packets left out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np

FRAMES, HEIGHT, WIDTH = 30, 48, 64


def noisy_frames(count: int = FRAMES) -> np.ndarray:
    """Make frames of noise that moves: no part of their encoding can be lost unnoticed."""
    noise = np.random.default_rng(0).integers(256, size=(HEIGHT, WIDTH, 3), dtype=np.uint8)
    return np.stack([np.roll(noise, index, axis=1) for index in range(count)])


def encode(
    path: Path,
    codec: str,
    *,
    pixel_format: str = "yuv420p",
    options: Mapping[str, str] | None = None,
    container: Mapping[str, str] | None = None,
    matrix: list[int] | None = None,
    frames: np.ndarray | None = None,
) -> Path:
    """Write a video.

    Args:
        path: Of the file; its ending chooses the container.
        codec: FFmpeg's name of the encoder.
        pixel_format: Stored.
        options: Of the encoder.
        container: Options of the container.
        matrix: The display matrix.
        frames: Default: `noisy_frames`.
    """
    frames = noisy_frames() if frames is None else frames
    with av.open(f"file:{path}", "w", options=dict(container or {})) as target:
        stream: Any = target.add_stream(codec, rate=25, options=dict(options or {}))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixel_format
        stream.codec_context.thread_count = 1
        if matrix:
            stream.set_display_matrix(matrix)
        for image in frames:
            target.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        target.mux(stream.encode(None))
    return path


def copy_packets(source: Path, target: Path, keep: Callable[[int, Any], bool]) -> Path:
    """Copy the packets of a video that ``keep`` chooses by their number, without decoding."""
    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        stream = given.streams.video[0]
        copy = made.add_stream_from_template(stream)
        for number, packet in enumerate(given.demux(stream)):
            if packet.size and keep(number, packet):
                packet.stream = copy
                made.mux(packet)
    return target
