"""The video stream of a file: opened safely, decoded in order, rotated upright."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from datamodules.errors import VideoDecodeError

REMEDY = "replace the file or take it out of the list"
SIZE_CHANGES = f"the size of its frames changes midway; {REMEDY}"
RIGHT_ANGLE = 90


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file; all errors of FFmpeg and PyAV become one error that names the file.

    Yields:
        The container and its first video stream, which decodes on one thread (workers are the
        parallelism) and hands the tag of each packet on to its frame.

    Raises:
        VideoDecodeError: If the file is missing, holds no video, or stops decoding.
    """
    # Some files carry metadata in unknown encodings; it is not used here.
    with named_errors(path), av.open(str(path), metadata_errors="ignore") as container:
        if not container.streams.video:
            raise VideoDecodeError(f"{path}: holds no video stream; {REMEDY}")
        stream = container.streams.video[0]
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        stream.codec_context.thread_count = 1
        stream.codec_context.copy_opaque = True
        yield container, stream


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Turn the errors of FFmpeg and PyAV into one that names the file.

    Raises:
        VideoDecodeError: In their place.
    """
    try:
        yield
    except VideoDecodeError:
        raise
    except FileNotFoundError:
        raise VideoDecodeError(f"{path}: no such file; check the list and its root") from None
    except (av.FFmpegError, OSError, ValueError, IndexError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise VideoDecodeError(f"{path}: does not decode ({reason}); {REMEDY}") from error


def read_packets(container: InputContainer, stream: VideoStream) -> Iterator["Packet[VideoStream]"]:
    """Yield the packets of a stream from the current position of the container.

    PyAV's own generator leaks 150 bytes if it is dropped before its end; closing this one closes
    it.
    """
    yield from container.demux(stream)


def iterate_frames(path: Path) -> Iterator[VideoFrame]:
    """Decode the whole stream, in display order.

    Raises:
        VideoDecodeError: As `open_video`, or if a frame is damaged.
    """
    with open_video(path) as (container, stream):
        packets = read_packets(container, stream)
        frames = chain.from_iterable(map(stream.codec_context.decode, packets))
        for index, frame in enumerate(frames):
            if frame.is_corrupt:  # FFmpeg has concealed the damage
                raise VideoDecodeError(f"{path}: frame {index} is damaged; {REMEDY}")
            yield frame


def upright_size(frame: VideoFrame) -> tuple[int, int]:
    """Return the width and height, in pixels, of what `upright_rgb` returns."""
    sideways = frame.rotation % (2 * RIGHT_ANGLE) == RIGHT_ANGLE
    return (frame.height, frame.width) if sideways else (frame.width, frame.height)


def upright_rgb(frame: VideoFrame, converter: VideoReformatter) -> NDArray[np.uint8]:
    """Convert a frame to RGB, rotated as its display matrix says.

    Args:
        frame: Decoded; its display matrix tells the rotation. Angles other than quarter turns are
            left alone.
        converter: Of this file: it keeps its tables, which cost more than a frame.

    Returns:
        uint8 0-255, (H, W, 3).
    """
    plane = converter.reformat(frame, format="rgb24", threads=1).planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    image: NDArray[np.uint8] = rows[: plane.height, : 3 * plane.width].reshape(
        plane.height, plane.width, 3
    )
    turns, rest = divmod(frame.rotation, RIGHT_ANGLE)
    return image if rest or not turns % 4 else np.rot90(image, turns)
