"""Reads exact frames of a video file; a frame's index is its position among all decoded frames.

Headers are not trusted: frame counts and timestamps are wrong or missing in common data sets.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from torch import Tensor

from datamodules.decoding.orientation import upright_rgb
from datamodules.decoding.packet_cursor import PacketCursor, decode_run, packet_of
from datamodules.decoding.seek_index import NO_SEEK, SeekIndex
from datamodules.decoding.video_stream import REMEDY, SIZE_CHANGES, iterate_frames, open_video
from datamodules.errors import VideoDecodeError

MIN_SEEK_DISTANCE = 8
"""Packets; reading up to so many is faster than a seek of the container."""


def read_frames(
    path: Path, indices: Sequence[int] | NDArray[np.int64], seek_index: bytes = b""
) -> Tensor:
    """Read frames by index, the same pixels as when the whole file is decoded in order.

    Args:
        path: A file that FFmpeg reads.
        indices: Frame indices from 0, in any order, repeats allowed.
        seek_index: Of this file, from `datamodules.decoding.video_scan`; with it, only the packets
            needed are decoded, without it all frames up to the last wanted one.

    Returns:
        RGB frames in the order of ``indices``, uint8 0-255, (len(indices), 3, H, W), in
        channels_last memory.

    Raises:
        VideoDecodeError: If the file does not decode up to the last wanted frame, or the size of
            its frames changes among the wanted ones.
        ValueError: If ``indices`` is empty or holds a negative one.
    """
    if len(indices) == 0 or min(indices) < 0:
        raise ValueError(f"frame indices count from 0 and are at least one, not {indices}")
    wanted = [int(index) for index in indices]
    in_order = sorted(set(wanted))  # NumPy's way takes as long as decoding a small frame
    chosen = _ChosenFrames(path, in_order)
    if seek_index:
        chosen.take(decode_runs(path, SeekIndex.from_bytes(seek_index), chosen.missing))
    if chosen.missing:  # no seek index, or the decoder omitted a frame
        chosen.take(enumerate(iterate_frames(path)))
    if chosen.missing:
        raise VideoDecodeError(
            f"{path}: frame {max(chosen.missing)} is wanted, but only {chosen.end} frames decode; "
            f"{REMEDY}"
        )
    pixels = chosen.pixels
    if wanted != in_order:
        pixels = pixels[np.searchsorted(in_order, wanted)]
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)


class _ChosenFrames:
    """Collects the wanted frames as RGB, each at its place in the result.

    Args:
        path: For messages.
        wanted: Frame indices, ascending.
    """

    pixels: NDArray[np.uint8]  # (n, H, W, 3)

    def __init__(self, path: Path, wanted: Sequence[int]) -> None:
        self.path = path
        self.count = len(wanted)
        self.missing = {frame: place for place, frame in enumerate(wanted)}
        self.converter = VideoReformatter()
        self.shape: tuple[int, ...] = ()
        self.end = 0

    def take(self, frames: Iterable[tuple[int, VideoFrame]]) -> None:
        """Take decoded frames until no wanted one is missing.

        Raises:
            VideoDecodeError: If a wanted frame's size differs from an earlier one's.
        """
        for index, frame in frames:
            self.end = index + 1
            if index in self.missing:
                self._keep(self.missing.pop(index), upright_rgb(frame, self.converter))
                if not self.missing:
                    return

    def _keep(self, place: int, image: NDArray[np.uint8]) -> None:
        if not self.shape:
            self.shape = image.shape
            self.pixels = np.empty((self.count, *image.shape), dtype=np.uint8)
        if image.shape != self.shape:
            raise VideoDecodeError(f"{self.path}: {SIZE_CHANGES}")
        self.pixels[place] = image


def decode_runs(
    path: Path, index: SeekIndex, wanted: Iterable[int]
) -> Iterator[tuple[int, VideoFrame]]:
    """Decode the packets of some frames by a seek index.

    Yields:
        Index and frame, in file order; may omit some frames where the decoder drops them.

    Raises:
        VideoDecodeError: As `datamodules.decoding.video_stream.open_video`.
    """
    frame_of = {int(index.packets[frame]): frame for frame in wanted if frame < len(index.packets)}
    with open_video(path) as (container, stream):
        cursor = PacketCursor(path, container, stream, tagged=frame_of)
        for entry, packets in index.plan(frame_of.values()):
            far = entry.packet - cursor.number > MIN_SEEK_DISTANCE
            cursor.go_to(entry, seek=far and entry.time != NO_SEEK)
            needed = {*packets, *(p - 1 for p in packets if index.packed)}
            for frame in decode_run(cursor, packets[-1], wanted=needed):
                if (packet := packet_of(frame)) in frame_of:
                    yield frame_of[packet], frame
