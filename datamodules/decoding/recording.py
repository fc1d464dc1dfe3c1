"""What one decoding of a file in order has shown."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from datamodules.decoding.frame_checksum import FrameChecksum

TRIAL_FRAMES = 8
"""Among so many frames after a keyframe, some are compared in any case."""

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
        checksums: Of the frames that may be compared with another decoding of them.
        bidirectional: Frames that are B-frames; in old codecs, no other frame refers to them.
        keyframes: Timestamp of each packet marked as a keyframe, by its number.
        packet_count: Number of packets.
        since_keyframe: Frames since that of the last keyframe.
        marks: Of each packet, if the codec has safe starts.
        safe_starts: Numbers of the packets at which decoding can start, by the bitstream; empty
            where it is in doubt, also about frames that may be skipped.
        alike_starts: Numbers of the packets at which a new decoder starts as one that has read on.
    """

    codec: str
    packets: list[int | None] = field(default_factory=list)
    checksums: dict[int, int] = field(default_factory=dict)
    bidirectional: list[int] = field(default_factory=list)
    keyframes: dict[int, int | None] = field(default_factory=dict)
    marks: list[PacketMark] = field(default_factory=list)
    packet_count: int = 0
    since_keyframe: int = -1
    safe_starts: frozenset[int] = frozenset()
    alike_starts: frozenset[int] = frozenset()
    checksum: FrameChecksum = field(default_factory=FrameChecksum)

    def add_frame(self, frame: VideoFrame, packet: int | None, *, is_doubtful: bool) -> None:
        """Record a decoded frame.

        Args:
            frame: Decoded.
            packet: The number of its packet.
            is_doubtful: Whether it may have to be compared wherever it stands.
        """
        index = len(self.packets)
        self.since_keyframe = 0 if packet in self.keyframes else self.since_keyframe + 1
        if is_doubtful or self.since_keyframe < TRIAL_FRAMES:
            self.checksums[index] = self.checksum(frame)
        if frame.pict_type == PictureType.B:
            self.bidirectional.append(index)
        self.packets.append(packet)

    def complete(self, frames: Iterable[VideoFrame]) -> None:
        """Add the checksums that are missing; that takes one more decoding of the file.

        Args:
            frames: All frames in order, decoded again as they are asked for.
        """
        if len(self.checksums) < len(self.packets):
            self.checksums = dict(enumerate(map(self.checksum, frames)))
