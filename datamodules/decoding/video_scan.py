"""Scans a video: counts the frames that decode, and builds a verified seek index.

Headers and packet flags are not trusted: the whole file is decoded in order, then again from each
entry point as `datamodules.decoding.read_frames` does, and only entry points that give the same
pixels are kept.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from datamodules.decoding.packet_cursor import PacketCursor, decode_run, packet_of, tag_packet
from datamodules.decoding.read_frames import decode_runs
from datamodules.decoding.seek_index import NO_SEEK, Entry, SeekIndex
from datamodules.decoding.video_facts import VideoFacts
from datamodules.decoding.video_stream import (
    REMEDY,
    SIZE_CHANGES,
    open_video,
    read_packets,
    upright_size,
)
from datamodules.errors import VideoDecodeError

MAX_FALSE_ENTRIES = 8
"""With more keyframes at which decoding cannot start, a file gets no seek index."""

SAMPLES = 8
"""Number of frames that are read as a trial."""

EXACT_CODECS = ("h264", "hevc", "vp8", "vp9", "libdav1d")
"""Their bitstreams state exactly which frames are references; a few trial reads suffice."""

PACKING_CODEC = "mpeg4"

CUT_SHORT = 0.95
"""Fraction of the expected packets below which a file counts as truncated. Headers of Xvid files
are off by one or two."""


class _Recording:
    """Result of decoding in order: packet and checksum of each frame, and the keyframes."""

    def __init__(self) -> None:
        self.packets: list[int | None] = []
        self.checksums: list[int] = []
        self.keyframes: list[tuple[int, int | None]] = []  # packet, time
        self.last_packet = 0
        self.size = (0, 0)  # width, height

    def add_frame(self, frame: VideoFrame) -> None:
        self.size = upright_size(frame)
        self.packets.append(packet_of(frame))
        self.checksums.append(_checksum(frame))


def scan_video(path: Path) -> VideoFacts:
    """Decode a whole file and build its seek index.

    Raises:
        VideoDecodeError: If it does not decode, no frame does, a frame is damaged or of another
            size than the first, or the file is truncated.
    """
    with open_video(path) as (container, stream):
        recording = _decode_all(path, container, stream)
        header_frames, fps = stream.frames, float(stream.average_rate or 0)
        codec = stream.codec_context.name
    index = _build_index(path, codec, recording)
    return VideoFacts(
        frames=len(recording.packets),
        header_frames=header_frames,
        fps=fps,
        width=recording.size[0],
        height=recording.size[1],
        codec=codec,
        keyframes=len(recording.keyframes),
        seek_index=b"" if index is None else index.to_bytes(),
    )


def _decode_all(path: Path, container: InputContainer, stream: VideoStream) -> _Recording:
    recording = _Recording()
    for number, packet in enumerate(read_packets(container, stream)):
        tag_packet(packet, number)
        if packet.size:
            recording.last_packet = number
            if packet.is_keyframe:
                recording.keyframes.append((number, PacketCursor.time(packet)))
        for frame in stream.codec_context.decode(packet):
            if frame.is_corrupt:  # FFmpeg has concealed the damage
                index = len(recording.packets)
                raise VideoDecodeError(f"{path}: frame {index} is damaged; {REMEDY}")
            if recording.packets and upright_size(frame) != recording.size:
                raise VideoDecodeError(f"{path}: {SIZE_CHANGES}")
            recording.add_frame(frame)
    if not recording.packets:
        raise VideoDecodeError(f"{path}: no frame decodes; {REMEDY}")
    # FFmpeg's sample list of an mp4 file applies edit lists; the header does not.
    expected = len(stream.index_entries) if "mp4" in container.format.name else stream.frames
    found = recording.last_packet + 1
    if found < CUT_SHORT * expected - 2:
        raise VideoDecodeError(
            f"{path}: is cut short, {found} of {expected} packets are there; {REMEDY}"
        )
    return recording


def _build_index(path: Path, codec: str, recording: _Recording) -> SeekIndex | None:
    """Decode from every keyframe as a reader does; keep those that give the same frames."""
    packets = [packet for packet in recording.packets if packet is not None]
    if len(set(packets)) < len(recording.packets):
        return None  # the decoder drops the tags
    frame_of = {packet: frame for frame, packet in enumerate(packets)}
    candidates = [
        Entry(packet, frame_of[packet], NO_SEEK if time is None else time)
        for packet, time in recording.keyframes
        if packet > 0 and packet in frame_of
    ]
    verified = [Entry(0, 0, NO_SEEK)]
    check = _EntryCheck(path, recording.checksums, frame_of)
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
    packed = codec == PACKING_CODEC and packets != sorted(packets)
    index = SeekIndex(np.array(packets, dtype=np.int64), tuple(verified), packed)
    return index if _skippable_frames_decode(path, index, codec, recording.checksums) else None


def _skippable_frames_decode(
    path: Path, index: SeekIndex, codec: str, checksums: Sequence[int]
) -> bool:
    """Read frames by the index: skippable frames decode when asked for."""
    frames = range(len(checksums))
    requests = [set(np.linspace(0, len(checksums) - 1, SAMPLES, dtype=int).tolist())]
    if codec not in EXACT_CODECS:  # every frame, with its neighbours skipped
        requests += [set(frames[::2]), set(frames[1::2])]
    for request in requests:
        found = {index: _checksum(frame) for index, frame in decode_runs(path, index, request)}
        if found != {index: checksums[index] for index in request}:
            return False
    return True


class _EntryCheck:
    """Decodes from an entry without non-reference frames, and compares with decoding in order."""

    def __init__(self, path: Path, checksums: Sequence[int], frame_of: dict[int, int]) -> None:
        self.path = path
        self.checksums = checksums
        self.frame_of = frame_of
        self.failures = 0

    def passes(self, entry: Entry, end: int) -> bool:
        """Return whether the packets from an entry to ``end`` give the same frames."""
        seen = set()
        with suppress(VideoDecodeError):
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
            cursor = PacketCursor(container, stream)
            cursor.go_to(entry, seek=entry.time != NO_SEEK)
            yield from decode_run(cursor, end, wanted={entry.packet})


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
