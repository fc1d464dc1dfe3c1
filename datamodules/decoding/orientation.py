"""Converts frames to RGB and shows them upright, as FFmpeg's command line does.

A display matrix in the file tells how frames are to be turned and mirrored. Quarter turns and
mirrorings are exact; frames that ask for another angle are left as stored.
"""

import math
import struct
from typing import Any

import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

MATRIX = struct.Struct("=9i")
"""Rows (a, b, u), (c, d, v), (x, y, w); a to d tell the turn. ISO/IEC 14496-12, 6.2.2."""

QUARTER_TURNS = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}
"""Cosine and sine of counter-clockwise turns."""


def upright_size(frame: VideoFrame) -> tuple[int, int]:
    """Return the width and height, in pixels, of what `upright_rgb` returns."""
    if not frame.rotation:  # costs less than the matrix
        return frame.width, frame.height
    turn, _ = _turn_and_matrix(frame)
    return (frame.height, frame.width) if turn in {90, 270} else (frame.width, frame.height)


def is_upright(frame: VideoFrame) -> bool:
    """Return whether a frame is shown as it is stored."""
    turn, (a, _, _, d) = _turn_and_matrix(frame)
    return not turn and not (a < 0 or d < 0)


def upright_rgb(frame: VideoFrame, converter: VideoReformatter) -> NDArray[np.uint8]:
    """Convert a frame to RGB, turned and mirrored as its display matrix says.

    Args:
        frame: Decoded.
        converter: Of this file: it keeps its tables, which cost more than a frame.

    Returns:
        uint8 0-255, (H, W, 3).
    """
    plane = converter.reformat(frame, format="rgb24", threads=1).planes[0]
    image: NDArray[np.uint8] = np.ndarray(
        (plane.height, plane.width, 3), np.uint8, memoryview(plane), 0, (plane.line_size, 3, 1)
    )
    turn, (a, _, c, d) = _turn_and_matrix(frame)
    if turn == 90:
        return image.swapaxes(0, 1) if c > 0 else np.rot90(image, -1)
    if turn == 270:
        return np.rot90(image, -1)[::-1] if c < 0 else np.rot90(image)
    return image[:: -1 if d < 0 else 1, :: -1 if turn and a < 0 else 1]


def _turn_and_matrix(frame: VideoFrame) -> tuple[int, tuple[int, int, int, int]]:
    """Return the turn, clockwise, as 0, 90, 180 or 270 degrees, and the matrix (a, b, c, d).

    Follows ``get_rotation`` and ``configure_input_video_filter`` of ffmpeg 8. The identity stands
    for a frame without a matrix, and for one whose angle is no quarter turn.
    """
    data = _display_matrix(frame)
    if data is not None:
        a, b, _, c, d, *_ = data
        if (a or c) and (b or d):
            angle = math.degrees(math.atan2(b / math.hypot(b, d), a / math.hypot(a, c)))
            quarter, rest = divmod(round(angle), 90)
            if not rest:
                return 90 * (quarter % 4), (a, b, c, d)
    return 0, (1, 0, 0, 1)


def _display_matrix(frame: VideoFrame) -> tuple[int, ...] | None:
    container: Any = SideDataContainer  # PyAV's stubs omit its argument
    try:
        # Not frame.side_data: it forms a cycle, which keeps the frame until garbage is collected.
        data = container(frame).get(Type.DISPLAYMATRIX)
    except ValueError:  # the frame has data of a kind that PyAV does not know, such as EXIF
        cosine, sine = QUARTER_TURNS.get(frame.rotation % 360, (1, 0))
        return (cosine, -sine, 0, sine, cosine)
    return None if data is None else MATRIX.unpack(bytes(data))
