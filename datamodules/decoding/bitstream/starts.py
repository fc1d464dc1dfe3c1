"""The packets of a stream at which decoding can start exactly, by the rules of its codec.

The standards of H.264, HEVC and VP9 define pictures that need no earlier one, neither for
themselves nor for those that are shown later, and H.264 and HEVC mark pictures to which no other
one refers. FFmpeg keeps to that, except for what is listed here as a doubt. A stream with any
doubt has no safe starts; then only decoding again can tell.
"""

from typing import Protocol

from av.video.codeccontext import VideoCodecContext

from datamodules.decoding.bitstream.h264 import h264_units
from datamodules.decoding.bitstream.hevc import hevc_units
from datamodules.decoding.bitstream.mpeg4 import Mpeg4Starts
from datamodules.decoding.bitstream.vp9 import Vp9Starts


class Starts(Protocol):
    """Reads the packets of a stream in order.

    Attributes:
        can_be_safe: Whether the codec has safe starts.
    """

    can_be_safe: bool

    def take(self, packet: bytes, *, is_keyframe: bool) -> None:
        """Read the next packet."""

    def safe(self) -> frozenset[int]:
        """Return the numbers of the safe starts among the packets so far, 0 always being one.

        Empty if there is a doubt about the stream, so that skipping frames may not be exact either.
        """

    def alike(self) -> frozenset[int]:
        """Return the numbers of packets at which a new decoder starts as one that has read on."""


def make_starts(context: VideoCodecContext) -> Starts | None:
    """Choose the reader for a codec; None for codecs whose packets are not read."""
    extradata = bytes(context.extradata or b"")
    match context.name:
        case "h264":
            return h264_units(extradata, context.profile or "")
        case "hevc":
            return hevc_units(extradata)
        case "vp9":
            return Vp9Starts()
        case "mpeg4":
            return Mpeg4Starts()
    return None
