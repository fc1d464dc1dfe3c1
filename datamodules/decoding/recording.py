"""What one decoding of a file in order has shown."""

import zlib
from dataclasses import dataclass, field

from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from datamodules.decoding.frame_checksum import FrameChecksum
from datamodules.decoding.packet_cursor import packet_of

PacketMark = tuple[int | None, int | None, bool, int]
"""Times of display and of decoding, whether an edit list hides it, and checksum of the content."""


def mark_packet(packet: "Packet[VideoStream]", content: bytes) -> PacketMark:
    """Describe a packet, to tell it from others."""
    return packet.pts, packet.dts, packet.is_discard, zlib.crc32(content)


@dataclass
class Recording:
    """Result of decoding a file in order.

    Attributes:
        codec: FFmpeg's name of the decoder.
        packets: Number of each frame's packet; None where the decoder drops tags.
        checksums: Of each frame.
        bidirectional: Frames that are B-frames; in old codecs, no other frame refers to them.
        keyframes: Number and timestamp of each packet marked as a keyframe.
        packet_count: Number of packets.
        marks: Of each packet, if the codec has safe starts.
        safe_starts: Numbers of the packets at which decoding can start, by the bitstream; empty
            where it is in doubt, also about frames that may be skipped.
        alike_starts: Numbers of the packets at which a new decoder starts as one that has read on.
    """

    codec: str
    packets: list[int | None] = field(default_factory=list)
    checksums: list[int] = field(default_factory=list)
    bidirectional: list[int] = field(default_factory=list)
    keyframes: list[tuple[int, int | None]] = field(default_factory=list)
    marks: list[PacketMark] = field(default_factory=list)
    packet_count: int = 0
    safe_starts: frozenset[int] = frozenset()
    alike_starts: frozenset[int] = frozenset()
    checksum: FrameChecksum = field(default_factory=FrameChecksum)

    def add_frame(self, frame: VideoFrame) -> None:
        """Record a decoded frame."""
        if frame.pict_type == PictureType.B:
            self.bidirectional.append(len(self.packets))
        self.packets.append(packet_of(frame))
        self.checksums.append(self.checksum(frame))
