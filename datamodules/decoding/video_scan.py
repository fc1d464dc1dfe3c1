"""Scans a video: decodes all of it once, refuses damage, and builds a verified seek index."""

from pathlib import Path

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from datamodules.decoding.build_index import Recording, build_index
from datamodules.decoding.containers.demuxers import find_missing_part
from datamodules.decoding.open_file import open_file, refuse_altered
from datamodules.decoding.orientation import upright_size
from datamodules.decoding.packet_cursor import PacketCursor, packet_of, tag_packet
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
        _refuse_truncated(path, container)
        scan = _Scan(path, stream)
        packets = map(scan.take_packet, read_packets(container, stream))
        for frame in decode_in_order(stream, packets):
            scan.take_frame(frame)
        scan.refuse_incomplete(container)
        header_frames, fps = stream.frames, float(stream.average_rate or 0)
    recording = scan.recording
    index = build_index(path, recording)
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


def _refuse_truncated(path: Path, container: InputContainer) -> None:
    with open_file(path) as file:
        refuse_altered(path, file)
        missing = find_missing_part(container.format.name, file)
    if missing:
        raise VideoDecodeError(f"{path}: {CUT_SHORT}, {missing}; {REMEDY}")


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
        self.shown_packets = 0
        self.first_intra: int | None = None  # packet of the first frame that needs no other one

    def take_packet(self, packet: "Packet[VideoStream]") -> "Packet[VideoStream]":
        """Record a packet, and tag it."""
        recording = self.recording
        recording.last_packet += 1
        if packet.is_corrupt:  # it reaches beyond the end of the file, or follows a gap
            where = f"packet {recording.last_packet} is incomplete"
            raise VideoDecodeError(f"{self.path}: {CUT_SHORT}, {where}; {REMEDY}")
        if packet.is_keyframe:
            recording.keyframes.append((recording.last_packet, PacketCursor.time(packet)))
        self.shown_packets += not packet.is_discard
        tag_packet(packet, recording.last_packet)
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
        is_intra = frame.key_frame or frame.pict_type == PictureType.I
        if is_intra and packet is not None:
            self.first_intra = min(packet, packet if self.first_intra is None else self.first_intra)
        recording.add_frame(frame)

    def refuse_incomplete(self, container: InputContainer) -> None:
        """Refuse a file in which packets or the first keyframe are missing."""
        recording = self.recording
        if not recording.packets:
            raise VideoDecodeError(f"{self.path}: no frame decodes; {REMEDY}")
        found, listed = recording.last_packet + 1, len(self.stream.index_entries)
        if INDEXED & set(container.format.name.split(",")) and found < listed:
            where = f"{found} of {listed} packets are there"
            raise VideoDecodeError(f"{self.path}: {CUT_SHORT}, {where}; {REMEDY}")
        if recording.codec in FRAME_PER_PACKET and len(recording.packets) < self.shown_packets:
            raise VideoDecodeError(
                f"{self.path}: is damaged, {len(recording.packets)} of {self.shown_packets} frames "
                f"decode; {REMEDY}"
            )
        starts = [packet for packet, _ in recording.keyframes[:1]]
        starts += [] if self.first_intra is None else [self.first_intra]
        first = min(starts, default=None)
        known = [packet for packet in recording.packets if packet is not None]
        if first is None and known:
            raise VideoDecodeError(f"{self.path}: holds no keyframe to start from; {REMEDY}")
        if first is not None and min(known, default=first) < first:
            raise VideoDecodeError(
                f"{self.path}: begins with frames whose keyframe is missing; {REMEDY}"
            )
