"""Sequential packet reader; tags packets so that frames can be traced back to them."""

from collections.abc import Collection, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from datamodules.decoding.seek_index import Entry
from datamodules.decoding.video_stream import read_packets
from datamodules.errors import VideoDecodeError


def tag_packet(packet: "Packet[VideoStream]", number: int) -> None:
    """Tag a packet with its number; the decoder hands the tag on to the packet's frame.

    PyAV stores the tag by the address of the Python object and releases it with the first packet
    that holds it. Small integers are shared objects, so a packet of another file could release
    the tag too early. A new tuple belongs to this packet alone.
    """
    packet.opaque = (number,)


def packet_of(frame: VideoFrame) -> int | None:
    """Return the number of a frame's packet; None if it has no tag or the decoder drops tags."""
    tag: Any = frame.opaque
    return tag[0] if tag else None


class PacketCursor:
    """Reads the packets of a stream, forwards only.

    Args:
        path: Of the file, for messages.
        container: Newly opened.
        stream: Of the container.
        tagged: Numbers of the packets to tag (about 5 us each); None for all.

    Attributes:
        number: Of the next packet.
    """

    def __init__(
        self,
        path: Path,
        container: InputContainer,
        stream: VideoStream,
        tagged: Collection[int] | None = None,
    ) -> None:
        self.path = path
        self.container = container
        self.stream = stream
        self.context = stream.codec_context
        self.number = 0
        self.tagged = tagged
        self._packets: Iterator[Packet[VideoStream]] = read_packets(container, stream)

    @staticmethod
    def time(packet: "Packet[VideoStream]") -> int | None:
        """Return the timestamp by which the container finds a packet."""
        return packet.dts if packet.pts is None else packet.pts

    def go_to(self, entry: Entry, *, seek: bool) -> None:
        """Move to an entry point and reset the decoder.

        Args:
            entry: At the next packet or later.
            seek: Whether the container seeks; otherwise packets in between are read and skipped.

        Raises:
            VideoDecodeError: If the container arrives at another packet.
        """
        self.context.flush_buffers()
        if not seek:
            for _ in islice(self._packets, entry.packet - self.number):
                pass
        else:
            self.container.seek(entry.time, stream=self.stream)
            packets = read_packets(self.container, self.stream)
            first = next(packets, None)
            if first is None or not first.is_keyframe or self.time(first) != entry.time:
                raise VideoDecodeError(
                    f"{self.path}: frame {entry.frame} is not where it was; the file has "
                    "changed since it was indexed, so start again"
                )
            self._packets = chain([first], packets)
        self.number = entry.packet

    def __iter__(self) -> Iterator["Packet[VideoStream]"]:
        """Yield the packets up to the end of the stream."""
        for packet in self._packets:
            if self.tagged is None or self.number in self.tagged:
                tag_packet(packet, self.number)
            self.number += 1
            yield packet


def decode_run(cursor: PacketCursor, last: int, wanted: Collection[int]) -> Iterator[VideoFrame]:
    """Decode packets up to number ``last``, then the delayed frames.

    Non-reference frames are skipped unless their packet is in ``wanted``. `packet_of` returns the
    packet of a frame that the cursor tags.
    """
    context = cursor.context
    for packet in cursor:
        number = cursor.number - 1
        context.skip_frame = "DEFAULT" if number in wanted else "NONREF"
        yield from context.decode(packet)
        if number >= last:
            break
    yield from context.decode(None)
