"""Checksums of decoded frames, in their own pixel format."""

import zlib
from typing import NamedTuple

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

PARTS, WORD = 32, 8
"""A frame is cut into parts, which are added as 64-bit integers; a CRC of all bytes would cost a
third of decoding MPEG-4."""


class _Buffer(NamedTuple):
    """The pixels of one frame without the padding of its rows.

    Attributes:
        planes: Views of the planes, (rows, bytes of a row).
        parts: The same memory as integers, (`PARTS`, words); its end is zero.
        format_checksum: Of the name of the format, width and height.
    """

    planes: list[NDArray[np.uint8]]
    parts: NDArray[np.uint64]
    format_checksum: int


class FrameChecksum:
    """Computes checksums of frames' pixels.

    A checksum is the CRC of the sum of a frame's parts. Differences are missed only where they
    cancel out in each word of that sum, between places that are far apart.
    """

    def __init__(self) -> None:
        self._buffers: dict[tuple[str, int, int], _Buffer] = {}

    def __call__(self, frame: VideoFrame) -> int:
        """Return the checksum of a frame, which depends on its format and size as well."""
        key = (frame.format.name, frame.width, frame.height)
        if key not in self._buffers:
            self._buffers[key] = _make_buffer(frame, zlib.crc32(repr(key).encode()))
        buffer = self._buffers[key]
        for target, plane in zip(buffer.planes, frame.planes, strict=True):
            target[:] = np.ndarray(
                target.shape, np.uint8, memoryview(plane), 0, (plane.line_size, 1)
            )
        return zlib.crc32(np.add.reduce(buffer.parts, axis=0), buffer.format_checksum)


def _make_buffer(frame: VideoFrame, format_checksum: int) -> _Buffer:
    if len(frame.planes) > 1:
        pixel_bytes = (frame.format.components[0].bits + 7) // 8
    else:
        pixel_bytes = frame.format.padded_bits_per_pixel // 8
    shapes = [(plane.height, plane.width * pixel_bytes) for plane in frame.planes]
    ends = np.cumsum([rows * width for rows, width in shapes])
    words = -(-int(ends[-1]) // (PARTS * WORD))
    content = np.zeros(PARTS * words * WORD, np.uint8)
    planes = [
        content[end - rows * width : end].reshape(rows, width)
        for (rows, width), end in zip(shapes, ends.tolist(), strict=True)
    ]
    return _Buffer(planes, content.view(np.uint64).reshape(PARTS, words), format_checksum)
