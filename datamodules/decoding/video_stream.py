"""The video stream of a file: chosen as FFmpeg does, opened safely, decoded in order."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from datamodules.decoding.containers.file_bytes import FileBytes
from datamodules.decoding.open_file import (
    TRANSIENT,
    cannot_be_opened,
    ffmpeg_options,
    ffmpeg_url,
    open_file,
)
from datamodules.errors import VideoAccessError, VideoDecodeError

REMEDY = "replace the file or take it out of the list"
SIZE_CHANGES = f"the size of its frames changes midway; {REMEDY}"
WITHOUT_CAUSE = (
    *(av.ArgumentError, av.EOFError, av.PermissionError, av.UnknownError, av.ExternalError),
    *(av.BugError, av.UndefinedError),
)
"""Codes by which FFmpeg's demuxers and decoders say no more than that they failed; its "Operation
not permitted" is the plain -1 of an old decoder."""


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file; all errors of FFmpeg and PyAV become one error that names the file.

    Yields:
        The container and its video stream, which decodes on one thread (workers are the
        parallelism) and hands the tag of each packet on to its frame.

    Raises:
        VideoAccessError: If the file cannot be read now.
        VideoDecodeError: If the file holds no video, or stops decoding.
    """
    with open_file(path) as file, _open_container(path, file) as container:
        stream = _choose_stream(path, container)
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        if stream.codec_context is None:
            raise VideoAccessError(
                f"{path}: this FFmpeg has no decoder for its codec; install another av, or {REMEDY}"
            )
        stream.codec_context.thread_count = 1
        stream.codec_context.copy_opaque = True
        codec = stream.codec_context.name
        with named_errors(path, f"the {codec} decoder rejects the headers of the stream"):
            stream.codec_context.open(strict=False)
        with named_errors(path, f"the {codec} decoder rejects a packet"):
            yield container, stream


@contextmanager
def _open_container(path: Path, file: FileBytes) -> Iterator[InputContainer]:
    with named_errors(path, "it is in no container that is read here, or its headers are damaged"):
        # Some files carry metadata in unknown encodings; it is not used here.
        container = av.open(
            ffmpeg_url(file), options=ffmpeg_options(file), metadata_errors="ignore"
        )
    with container:
        yield container


def _choose_stream(path: Path, container: InputContainer) -> VideoStream:
    """Choose by FFmpeg's `av_find_best_stream`, but never a cover picture.

    FFmpeg prefers streams that are marked as default, then those with more frames at their start,
    then the higher bit rate.
    """
    videos = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    if not videos:
        raise VideoDecodeError(f"{path}: holds no video stream; {REMEDY}")
    best = container.streams.best("video")
    return next((stream for stream in videos if stream is best), videos[0])


@contextmanager
def named_errors(path: Path, failure: str = "") -> Iterator[None]:
    """Turn the errors of FFmpeg and PyAV into one that names the file.

    Args:
        path: Of the file.
        failure: What has failed, for errors in which FFmpeg gives no cause.

    Raises:
        VideoAccessError: In place of an error of the machine.
        VideoDecodeError: In place of the others.
    """
    try:
        yield
    except VideoDecodeError:
        raise
    except (av.FFmpegError, OSError, ValueError, IndexError, MemoryError) as error:
        if isinstance(error, OSError) and error.errno in TRANSIENT:
            raise cannot_be_opened(path, error) from error
        if isinstance(error, MemoryError):
            raise VideoAccessError(f"{path}: does not fit into memory") from error
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if failure and isinstance(error, WITHOUT_CAUSE):
            reason = failure
        raise VideoDecodeError(f"{path}: does not decode ({reason}); {REMEDY}") from error


def read_packets(container: InputContainer, stream: VideoStream) -> Iterator["Packet[VideoStream]"]:
    """Yield the packets of a stream from the current position of the container.

    Packets without content, which repeat the frame before, are omitted as FFmpeg omits them.
    """
    packets: Any = container.demux(stream)  # a generator, which the stubs call an iterator
    try:
        for packet in packets:
            if packet.size:
                yield packet
    finally:
        packets.close()  # PyAV's generator leaks 150 bytes if it is dropped before its end


def decode_in_order(
    stream: VideoStream, packets: Iterable["Packet[VideoStream]"]
) -> Iterator[VideoFrame]:
    """Decode packets, then the delayed frames."""
    return chain.from_iterable(map(stream.codec_context.decode, chain(packets, [None])))


def iterate_frames(path: Path) -> Iterator[VideoFrame]:
    """Decode the whole stream, in display order.

    Raises:
        VideoDecodeError: As `open_video`, or if a frame is damaged.
    """
    with open_video(path) as (container, stream):
        packets = read_packets(container, stream)
        for index, frame in enumerate(decode_in_order(stream, packets)):
            if frame.is_corrupt:  # FFmpeg has concealed the damage
                raise VideoDecodeError(f"{path}: frame {index} is damaged; {REMEDY}")
            yield frame
