"""Exact frames of a video file: a frame's index is its place among the frames that decode.

Headers are not believed: frame counts and timestamps are wrong or missing in common data sets.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from torch import Tensor

from datamodules.decoding.packet_cursor import PacketCursor, decode_run, packet_of
from datamodules.decoding.seek_index import NO_SEEK, PacketTable
from datamodules.decoding.video_stream import (
    REMEDY,
    SIZE_CHANGES,
    iterate_frames,
    open_video,
    upright_rgb,
)
from datamodules.errors import VideoDecodeError

WORTH_SEEKING = 8
"""Packets that are read past sooner than a container seeks."""


def read_frames(
    path: Path, indices: Sequence[int] | NDArray[np.int64], layout: bytes = b""
) -> Tensor:
    """Read frames by index, each decoded and converted once, the same as by decoding all.

    Args:
        path: A file that FFmpeg reads.
        indices: Frame indices from 0, in any order, repeats allowed.
        layout: Of this file, by `datamodules.decoding.video_scan`; with it, only what is needed is
            decoded, without it all up to the last wanted frame.

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
    wanted, places = np.unique(np.asarray(indices, dtype=np.int64), return_inverse=True)
    chosen = _ChosenFrames(path, wanted.tolist())
    if layout:
        chosen.take(decode_runs(path, PacketTable.from_bytes(layout), chosen.missing))
    if chosen.missing:  # without a layout, or where the decoder left a frame out
        chosen.take(enumerate(iterate_frames(path)))
    if chosen.missing:
        raise VideoDecodeError(
            f"{path}: frame {max(chosen.missing)} is wanted, but only {chosen.end} frames decode; "
            f"{REMEDY}"
        )
    in_order = np.array_equal(places, np.arange(len(wanted)))
    pixels = chosen.pixels if in_order else chosen.pixels[places]
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)


class _ChosenFrames:
    """Collects wanted frames, converted, each in its place.

    Args:
        path: For messages.
        wanted: Frame indices, rising.
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
        """Go through decoded frames until none is missing any more.

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
    path: Path, table: PacketTable, wanted: Iterable[int]
) -> Iterator[tuple[int, VideoFrame]]:
    """Decode what a table says for some frames; others come along or are missing.

    Yields:
        Wanted frames and their indices, in the file's order.

    Raises:
        VideoDecodeError: As `datamodules.decoding.video_stream.open_video`.
    """
    frame_of = {int(table.packets[frame]): frame for frame in wanted if frame < len(table.packets)}
    with open_video(path) as (container, stream):
        cursor = PacketCursor(container, stream, marked=frame_of)
        for entry, packets in table.plan(frame_of.values()):
            far = entry.packet - cursor.number > WORTH_SEEKING
            cursor.go_to(entry, seek=far and entry.time != NO_SEEK)
            needed = {*packets, *(p - 1 for p in packets if table.packed)}
            for frame in decode_run(cursor, packets[-1], wanted=needed):
                if (packet := packet_of(frame)) in frame_of:
                    yield frame_of[packet], frame
