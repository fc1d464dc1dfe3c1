"""Looks through a video once: what decodes, and from where it may be read without decoding all.

Nothing that a header or a packet claims is taken over unproved: the whole file is decoded in
order, then again as `datamodules.decoding.read_frames` reads it, and only what came out the same
is kept.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from datamodules.decoding.packet_cursor import PacketCursor, decode_run, mark, packet_of
from datamodules.decoding.read_frames import decode_runs
from datamodules.decoding.seek_index import NO_SEEK, Entry, PacketTable
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
"""Keyframes that turn out to be none, after which a file is read in order only."""

SAMPLES = 8
"""Frames that are read once for trial."""

EXACT_CODECS = ("h264", "hevc", "vp8", "vp9", "libdav1d")
"""Their standards say what a picture refers to, one picture a packet; a few trials do."""

PACKING_CODEC = "mpeg4"

CUT_SHORT = 0.95
"""Part of the promised packets below which a file counts as truncated. Headers of Xvid files are
off by one or two."""


class _Recording:
    """One decoding in order: each frame's packet and checksum, and the keyframes met."""

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
    """Decode a whole file and find out how to read parts of it.

    Raises:
        VideoDecodeError: If it does not decode, no frame does, a frame is damaged or of another
            size than the first, or the file ends long before what it promises.
    """
    with open_video(path) as (container, stream):
        recording = _decode_all(path, container, stream)
        header_frames, fps = stream.frames, float(stream.average_rate or 0)
        codec = stream.codec_context.name
    table = _prove_table(path, codec, recording)
    return VideoFacts(
        frames=len(recording.packets),
        header_frames=header_frames,
        fps=fps,
        width=recording.size[0],
        height=recording.size[1],
        codec=codec,
        keyframes=len(recording.keyframes),
        layout=b"" if table is None else table.to_bytes(),
    )


def _decode_all(path: Path, container: InputContainer, stream: VideoStream) -> _Recording:
    recording = _Recording()
    for number, packet in enumerate(read_packets(container, stream)):
        mark(packet, number)
        if packet.size:
            recording.last_packet = number
            if packet.is_keyframe:
                recording.keyframes.append((number, PacketCursor.time(packet)))
        for frame in stream.codec_context.decode(packet):
            if frame.is_corrupt:  # FFmpeg has patched it up from its neighbours
                index = len(recording.packets)
                raise VideoDecodeError(f"{path}: frame {index} is damaged; {REMEDY}")
            if recording.packets and upright_size(frame) != recording.size:
                raise VideoDecodeError(f"{path}: {SIZE_CHANGES}")
            recording.add_frame(frame)
    if not recording.packets:
        raise VideoDecodeError(f"{path}: no frame decodes; {REMEDY}")
    # FFmpeg's own list of samples where there is one: it heeds edit lists, the header does not.
    promised = len(stream.index_entries) if "mp4" in container.format.name else stream.frames
    found = recording.last_packet + 1
    if found < CUT_SHORT * promised - 2:
        raise VideoDecodeError(
            f"{path}: is cut short, {found} of {promised} packets are there; {REMEDY}"
        )
    return recording


def _prove_table(path: Path, codec: str, recording: _Recording) -> PacketTable | None:
    """Read from every keyframe as a reader would; keep those that give the same pictures."""
    packets = [packet for packet in recording.packets if packet is not None]
    if len(set(packets)) < len(recording.packets):
        return None  # the decoder does not say which packet a frame came from
    frame_of = {packet: frame for frame, packet in enumerate(packets)}
    candidates = [
        Entry(packet, frame_of[packet], NO_SEEK if time is None else time)
        for packet, time in recording.keyframes
        if packet > 0 and packet in frame_of
    ]
    proved = [Entry(0, 0, NO_SEEK)]
    proof = _Proof(path, recording.checksums, frame_of)
    ends = [entry.packet - 1 for entry in candidates] + [recording.last_packet]
    if not proof.holds(proved[0], ends[0]):
        return None
    for entry, end in zip(candidates, ends[1:], strict=True):
        by_demuxing = entry._replace(time=NO_SEEK)
        if found := next((e for e in (entry, by_demuxing) if proof.holds(e, end)), None):
            proved.append(found)
        elif proof.failures > MAX_FALSE_ENTRIES or not proof.holds(proved[-1], end):
            return None
    # DivX and Xvid may pack two pictures into one packet; nothing in the file tells for sure.
    packed = codec == PACKING_CODEC and packets != sorted(packets)
    table = PacketTable(np.array(packets, dtype=np.int64), tuple(proved), packed)
    return table if _gives_on_request(path, table, codec, recording.checksums) else None


def _gives_on_request(path: Path, table: PacketTable, codec: str, checksums: Sequence[int]) -> bool:
    """Read frames by the table: pictures that were left out so far must come on request."""
    frames = range(len(checksums))
    requests = [set(np.linspace(0, len(checksums) - 1, SAMPLES, dtype=int).tolist())]
    if codec not in EXACT_CODECS:  # every frame, with and without its neighbours left out
        requests += [set(frames[::2]), set(frames[1::2])]
    for request in requests:
        found = {index: _checksum(frame) for index, frame in decode_runs(path, table, request)}
        if found != {index: checksums[index] for index in request}:
            return False
    return True


class _Proof:
    """Decodes from an entry, without pictures that no other one needs, and compares."""

    def __init__(self, path: Path, checksums: Sequence[int], frame_of: dict[int, int]) -> None:
        self.path = path
        self.checksums = checksums
        self.frame_of = frame_of
        self.failures = 0

    def holds(self, entry: Entry, end: int) -> bool:
        """Tell whether the packets from an entry to ``end`` give the frames of the whole file."""
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
    """Sum up a frame's pixels, without the padding of its rows."""
    value = zlib.crc32(f"{frame.format.name} {frame.width}x{frame.height}".encode())
    components = frame.format.components
    packed_bits = frame.format.padded_bits_per_pixel
    for plane in frame.planes:
        planar_bytes = (components[0].bits + 7) // 8
        row = plane.width * (planar_bytes if len(frame.planes) > 1 else packed_bits // 8)
        pixels = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:, :row]
        value = zlib.crc32(np.ascontiguousarray(pixels).data, value)
    return value
