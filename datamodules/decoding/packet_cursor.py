"""Goes through a stream's packets by number, and decodes runs of them."""

from collections.abc import Collection, Iterator
from itertools import islice

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from datamodules.decoding.seek_index import Entry
from datamodules.decoding.video_stream import read_packets
from datamodules.errors import VideoDecodeError


def mark(packet: "Packet[VideoStream]", number: int) -> None:
    """Have a packet's frame tell its packet's number.

    PyAV knows an opaque object by its address, and forgets it with the first packet that held it.
    Small integers are one object wherever they are used: another file's packet would take the
    number away. A tuple is this packet's own.
    """
    packet.opaque = (number,)


def packet_of(frame: VideoFrame) -> int | None:
    """Tell which packet a frame came from; None where it was not marked or the decoder is mute."""
    match frame.opaque:
        case (int(number),):
            return number
    return None


class PacketCursor:
    """The next packet of a stream; it moves forwards only.

    Args:
        container: Just opened.
        stream: Of the container.
        marked: Packets whose frames tell their number, at 5 us each; None for all.

    Attributes:
        number: The next packet's.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        marked: Collection[int] | None = None,
    ) -> None:
        self.container = container
        self.stream = stream
        self.context = stream.codec_context
        self.number = 0
        self.marked = marked
        self._packets: Iterator[Packet[VideoStream]] = read_packets(container, stream)

    @staticmethod
    def time(packet: "Packet[VideoStream]") -> int | None:
        """Give the timestamp that containers find packets by."""
        return packet.dts if packet.pts is None else packet.pts

    def go_to(self, entry: Entry, *, seek: bool) -> None:
        """Move to an entry and forget what was decoded.

        Args:
            entry: Not before the next packet.
            seek: Whether to ask the container, instead of reading what lies between.

        Raises:
            VideoDecodeError: If the container leads elsewhere.
        """
        self.context.flush_buffers()
        if not seek:
            for _ in islice(self._packets, entry.packet - self.number):
                pass
        else:
            self.container.seek(entry.time, stream=self.stream)
            self._packets = self._checked(entry, read_packets(self.container, self.stream))
        self.number = entry.packet

    def __iter__(self) -> Iterator["Packet[VideoStream]"]:
        """Yield packets to the stream's end, the marked ones with their numbers."""
        for packet in self._packets:
            if not packet.size:
                return
            if self.marked is None or self.number in self.marked:
                mark(packet, self.number)
            self.number += 1
            yield packet

    def _checked(
        self, entry: Entry, packets: Iterator["Packet[VideoStream]"]
    ) -> Iterator["Packet[VideoStream]"]:
        for place, packet in enumerate(packets):
            if place == 0 and not (packet.is_keyframe and self.time(packet) == entry.time):
                raise VideoDecodeError(
                    f"{self.container.name}: frame {entry.frame} is not where it was; the file has "
                    "changed since it was indexed, so start again"
                )
            yield packet


def decode_run(cursor: PacketCursor, last: int, wanted: Collection[int]) -> Iterator[VideoFrame]:
    """Decode packets up to ``last`` and what the decoder holds back.

    Pictures that no other one refers to are left out, unless their packet is wanted. A frame
    tells its packet's number by `packet_of`, where the cursor marks it.
    """
    context = cursor.context
    for packet in cursor:
        number = cursor.number - 1
        context.skip_frame = "DEFAULT" if number in wanted else "NONREF"
        yield from context.decode(packet)
        if number >= last:
            break
    yield from context.decode(None)
