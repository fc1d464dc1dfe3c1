"""Builds the seek index of a video, and keeps of it only what is verified.

Packet flags are not trusted: the file is decoded again from each entry point as
`datamodules.decoding.read_frames` does, and only entry points that give the same pixels as decoding
in order are kept.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame

from datamodules.decoding.packet_cursor import PacketCursor, decode_run, packet_of
from datamodules.decoding.read_frames import decode_runs
from datamodules.decoding.seek_index import NO_SEEK, Entry, SeekIndex
from datamodules.decoding.video_stream import open_video
from datamodules.errors import VideoAccessError, VideoDecodeError

MAX_ENTRIES = 256
"""Number of entry points; to verify one, the file is opened once. Of more keyframes, evenly spread
ones become entry points."""

MAX_FALSE_ENTRIES = 8
"""With more keyframes at which decoding cannot start, a file gets no seek index."""

SAMPLES = 8
"""Number of frames that are read as a trial."""

EXACT_CODECS = ("h264", "hevc", "vp8", "vp9", "libdav1d")
"""Their bitstreams state exactly which frames are references; a few trial reads suffice."""

PACKING_CODEC = "mpeg4"


@dataclass
class Recording:
    """Result of decoding a file in order.

    Attributes:
        codec: FFmpeg's name of the decoder.
        packets: Number of each frame's packet; None where the decoder drops tags.
        checksums: Of each frame.
        keyframes: Number and timestamp of each packet marked as a keyframe.
        last_packet: Number of the last packet.
    """

    codec: str
    packets: list[int | None] = field(default_factory=list)
    checksums: list[int] = field(default_factory=list)
    keyframes: list[tuple[int, int | None]] = field(default_factory=list)
    last_packet: int = -1

    def add_frame(self, frame: VideoFrame) -> None:
        """Record a decoded frame."""
        self.packets.append(packet_of(frame))
        self.checksums.append(_checksum(frame))


def build_index(path: Path, recording: Recording) -> SeekIndex | None:
    """Decode from the keyframes as a reader does; keep those that give the same frames.

    Returns:
        The index; None where only decoding in order is exact.
    """
    packets = [packet for packet in recording.packets if packet is not None]
    if len(set(packets)) < len(recording.packets):
        return None  # the decoder drops the tags
    frame_of = {packet: frame for frame, packet in enumerate(packets)}
    candidates = [
        Entry(packet, frame_of[packet], NO_SEEK if time is None else time)
        for packet, time in recording.keyframes
        if packet > 0 and packet in frame_of
    ]
    candidates = candidates[:: -(-len(candidates) // MAX_ENTRIES) or 1]
    verified = [Entry(0, 0, NO_SEEK)]
    check = _EntryCheck(path, recording.checksums, frame_of, first=packets[0])
    ends = [entry.packet - 1 for entry in candidates] + [recording.last_packet]
    if not check.passes(verified[0], ends[0]):
        return None
    for entry, end in zip(candidates, ends[1:], strict=True):
        by_demuxing = entry._replace(time=NO_SEEK)
        if found := next((e for e in (entry, by_demuxing) if check.passes(e, end)), None):
            verified.append(found)
        elif check.failures > MAX_FALSE_ENTRIES or not check.passes(verified[-1], end):
            return None
    # DivX and Xvid may store two frames in one packet; no header says so reliably.
    packed = recording.codec == PACKING_CODEC and packets != sorted(packets)
    index = SeekIndex(np.array(packets, dtype=np.int64), tuple(verified), packed)
    return index if _skippable_frames_decode(path, index, recording) else None


def _skippable_frames_decode(path: Path, index: SeekIndex, recording: Recording) -> bool:
    """Read frames by the index: skippable frames decode when asked for."""
    frames = range(len(recording.checksums))
    requests = [set(np.linspace(0, len(frames) - 1, SAMPLES, dtype=int).tolist())]
    if recording.codec not in EXACT_CODECS:  # every frame, with its neighbours skipped
        requests += [set(frames[::2]), set(frames[1::2])]
    return all(_read_exactly(path, index, request, recording.checksums) for request in requests)


def _read_exactly(path: Path, index: SeekIndex, frames: set[int], checksums: Sequence[int]) -> bool:
    with _decode_errors_only():
        found = {frame: _checksum(image) for frame, image in decode_runs(path, index, frames)}
        return found == {frame: checksums[frame] for frame in frames}
    return False


@contextmanager
def _decode_errors_only() -> Iterator[None]:
    """Suppress errors of decoding, but not those of reading the file."""
    try:
        yield
    except VideoAccessError:
        raise
    except VideoDecodeError:
        pass


class _EntryCheck:
    """Decodes from an entry without non-reference frames, and compares with decoding in order."""

    def __init__(
        self, path: Path, checksums: Sequence[int], frame_of: dict[int, int], first: int
    ) -> None:
        self.path = path
        self.checksums = checksums
        self.frame_of = frame_of
        self.packet_of_entry = {0: first}  # an edit list may hide the frame of packet 0
        self.failures = 0

    def passes(self, entry: Entry, end: int) -> bool:
        """Return whether the packets from an entry to ``end`` give the same frames."""
        seen = set()
        with _decode_errors_only():
            for frame in self._decode(entry, end):
                packet = packet_of(frame)
                index = -1 if packet is None else self.frame_of.get(packet, -1)
                if index >= entry.frame:
                    if _checksum(frame) != self.checksums[index]:
                        break
                    seen.add(index)
            else:
                if entry.frame in seen:
                    return True
        self.failures += 1
        return False

    def _decode(self, entry: Entry, end: int) -> Iterator[VideoFrame]:
        with open_video(self.path) as (container, stream):
            cursor = PacketCursor(self.path, container, stream)
            cursor.go_to(entry, seek=entry.time != NO_SEEK)
            shown = self.packet_of_entry.get(entry.packet, entry.packet)
            yield from decode_run(cursor, max(end, shown), wanted={entry.packet, shown})


def _checksum(frame: VideoFrame) -> int:
    """Return a checksum of a frame's pixels, without the padding of its rows."""
    value = zlib.crc32(f"{frame.format.name} {frame.width}x{frame.height}".encode())
    components = frame.format.components
    packed_bits = frame.format.padded_bits_per_pixel
    for plane in frame.planes:
        planar_bytes = (components[0].bits + 7) // 8
        row = plane.width * (planar_bytes if len(frame.planes) > 1 else packed_bits // 8)
        pixels = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:, :row]
        value = zlib.crc32(np.ascontiguousarray(pixels).data, value)
    return value
