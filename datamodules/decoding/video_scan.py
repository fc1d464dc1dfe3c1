"""Scans a video: decodes all of it once, refuses damage, and builds a verified seek index."""

from pathlib import Path

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from datamodules.decoding.bitstream.starts import make_starts
from datamodules.decoding.build_index import build_index
from datamodules.decoding.containers.demuxers import find_missing_part
from datamodules.decoding.open_file import open_file, refuse_altered
from datamodules.decoding.orientation import upright_size
from datamodules.decoding.packet_cursor import PacketCursor, packet_of, tag_packet
from datamodules.decoding.recording import Recording, mark_packet
from datamodules.decoding.video_facts import VideoFacts
from datamodules.decoding.video_stream import (
    REMEDY,
    SIZE_CHANGES,
    decode_in_order,
    open_video,
    read_packets,
)
from datamodules.errors import VideoDecodeError

CUT_SHORT = "is cut short or damaged"

INDEXED = {"mov", "avi"}
"""Containers whose index lists every packet; FFmpeg applies the edit lists of mov to it."""


def scan_video(path: Path) -> VideoFacts:
    """Decode a whole file and build its seek index.

    Raises:
        VideoDecodeError: If it does not decode, no frame does, a frame is damaged or of another
            size than the first, or the file is truncated.
    """
    with open_video(path) as (container, stream):
        with open_file(path) as file:
            refuse_altered(path, file)
        refuse_truncated(path, container)
        scan = _Scan(path, stream)
        packets = map(scan.take_packet, read_packets(container, stream))
        for frame in decode_in_order(stream, packets):
            scan.take_frame(frame)
        scan.refuse_incomplete(container)
        scan.record_starts()
        header_frames, fps = stream.frames, float(stream.average_rate or 0)
        recording = scan.recording
        opened = (container, stream) if scan.lists_all_packets(container) else None
        index = build_index(path, recording, opened)
    return VideoFacts(
        frames=len(recording.packets),
        header_frames=header_frames,
        fps=fps,
        width=scan.size[0],
        height=scan.size[1],
        codec=recording.codec,
        keyframes=len(recording.keyframes),
        seek_index=b"" if index is None else index.to_bytes(),
    )


def refuse_truncated(path: Path, container: InputContainer) -> None:
    """Refuse a file that ends before its container does.

    Raises:
        VideoDecodeError: If it does.
    """
    with open_file(path) as file:
        missing = find_missing_part(container.format.name, file)
    if missing:
        raise VideoDecodeError(f"{path}: {CUT_SHORT}, {missing}; {REMEDY}")


def is_indexed(container: InputContainer) -> bool:
    """Return whether the container has an index of all packets, of which FFmpeg may know a part."""
    return bool(INDEXED & set(container.format.name.split(",")))


FRAME_PER_PACKET = {"libdav1d"}
"""Decoders of AV1, whose packets hold one shown frame each; dav1d omits broken ones in silence."""


class _Scan:
    """One decoding in order; refuses what FFmpeg lets pass.

    Attributes:
        recording: What `build_index` needs.
        size: Width and height of the frames, upright, in pixels.
    """

    def __init__(self, path: Path, stream: VideoStream) -> None:
        self.path = path
        self.stream = stream
        self.recording = Recording(stream.codec_context.name)
        self.size = (0, 0)
        self.listed_packets = len(stream.index_entries)  # fragments add more while they are read
        self.starts = make_starts(stream.codec_context)
        self.has_new_headers = False
        self.shown_packets = 0
        self.first_intra: int | None = None  # packet of the first frame that needs no other one

    def take_packet(self, packet: "Packet[VideoStream]") -> "Packet[VideoStream]":
        """Record a packet, and tag it."""
        recording = self.recording
        number, recording.packet_count = recording.packet_count, recording.packet_count + 1
        if packet.is_corrupt:  # it reaches beyond the end of the file, or follows a gap
            where = f"packet {number} is incomplete"
            raise VideoDecodeError(f"{self.path}: {CUT_SHORT}, {where}; {REMEDY}")
        if packet.is_keyframe:
            recording.keyframes[number] = PacketCursor.time(packet)
        if self.starts:
            content = bytes(packet)
            self.starts.take(content, is_keyframe=packet.is_keyframe)
            if self.starts.can_be_safe:
                recording.marks.append(mark_packet(packet, content))
                self.has_new_headers |= packet.has_sidedata("new_extradata")
        self.shown_packets += not packet.is_discard
        tag_packet(packet, number)
        return packet

    def take_frame(self, frame: VideoFrame) -> None:
        """Record a frame."""
        recording = self.recording
        if frame.is_corrupt:  # FFmpeg has concealed the damage
            index = len(recording.packets)
            raise VideoDecodeError(f"{self.path}: frame {index} is damaged; {REMEDY}")
        size = upright_size(frame)
        if recording.packets and size != self.size:
            raise VideoDecodeError(f"{self.path}: {SIZE_CHANGES}")
        self.size = size
        packet = packet_of(frame)
        is_earlier = packet is not None and (self.first_intra is None or packet < self.first_intra)
        if is_earlier and (frame.key_frame or frame.pict_type == PictureType.I):
            self.first_intra = packet
        is_doubtful = not (self.starts and self.starts.can_be_safe)
        recording.add_frame(frame, packet, is_doubtful=is_doubtful)

    def lists_all_packets(self, container: InputContainer) -> bool:
        """Return whether the container knew the place of each packet from the beginning."""
        return is_indexed(container) and self.listed_packets >= self.recording.packet_count

    def record_starts(self) -> None:
        """Record where decoding can start, unless headers change or packets give no frame each."""
        recording = self.recording
        if self.starts and not self.has_new_headers:
            recording.alike_starts = self.starts.alike()
            if self.shown_packets == len(recording.packets):
                recording.safe_starts = self.starts.safe()

    def refuse_incomplete(self, container: InputContainer) -> None:
        """Refuse a file in which packets or the first keyframe are missing."""
        recording = self.recording
        if not recording.packets:
            raise VideoDecodeError(f"{self.path}: no frame decodes; {REMEDY}")
        found, listed = recording.packet_count, len(self.stream.index_entries)
        if is_indexed(container) and found < listed:
            where = f"{found} of {listed} packets are there"
            raise VideoDecodeError(f"{self.path}: {CUT_SHORT}, {where}; {REMEDY}")
        if recording.codec in FRAME_PER_PACKET and len(recording.packets) < self.shown_packets:
            raise VideoDecodeError(
                f"{self.path}: is damaged, {len(recording.packets)} of {self.shown_packets} frames "
                f"decode; {REMEDY}"
            )
        starts = list(recording.keyframes)[:1]
        starts += [] if self.first_intra is None else [self.first_intra]
        first = min(starts, default=None)
        known = [packet for packet in recording.packets if packet is not None]
        if first is None and known:
            raise VideoDecodeError(f"{self.path}: holds no keyframe to start from; {REMEDY}")
        if first is not None and min(known, default=first) < first:
            raise VideoDecodeError(
                f"{self.path}: begins with frames whose keyframe is missing; {REMEDY}"
            )
