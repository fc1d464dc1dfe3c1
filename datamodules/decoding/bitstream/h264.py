"""H.264 (ITU-T H.264, table 7-1)."""

import re
from collections.abc import Iterator

from datamodules.decoding.bitstream.frame_numbers import (
    REFRESH,
    SEQUENCE_PARAMETER_SET,
    SLICE,
    FrameNumbers,
)
from datamodules.decoding.bitstream.nal_units import split_units
from datamodules.decoding.bitstream.unit_starts import UnitStarts, UnitTypes

TYPES = UnitTypes(
    header_bytes=1,
    shift=0,
    mask=0x1F,
    pictures=frozenset({SLICE, REFRESH}),
    starts=frozenset({REFRESH}),
    parameter_sets=frozenset({SEQUENCE_PARAMETER_SET, 8}),
    messages=frozenset({6}),
    ignored=frozenset({9, 10, 11, 12}),  # delimiters, ends, filler
)

X264 = re.compile(rb"x264 - core (\d+)")
IMITATED, IMITATED_LOSSLESS = 34, 151
"""First versions of x264 without an error that FFmpeg imitates: of direct motion vectors, and of
transforms in `LOSSLESS_PROFILES`. A file states the version in its first packet alone."""

RECORD_SETS = 5
"""Where in an AVCDecoderConfigurationRecord the number of sequence parameter sets stands."""

LOSSLESS_PROFILES = "High 4:4:4"
"""How their names begin."""


def h264_units(extradata: bytes, profile: str) -> UnitStarts:
    """Make the reader for a stream.

    Args:
        extradata: Of the stream, in mp4 an AVCDecoderConfigurationRecord (ISO/IEC 14496-15).
        profile: FFmpeg's name.
    """
    has_record = extradata[:1] == b"\1" and len(extradata) > RECORD_SETS
    length_bytes = (extradata[4] & 3) + 1 if has_record else 0
    end = IMITATED_LOSSLESS if profile.startswith(LOSSLESS_PROFILES) else IMITATED

    def is_imitated(message: bytes) -> bool:
        version = X264.search(message)
        return version is not None and int(version[1]) < end

    numbers = FrameNumbers()
    for unit in _recorded_sets(extradata) if has_record else split_units(extradata, 0) or []:
        numbers.add_parameter_set(unit)
    return UnitStarts(TYPES, length_bytes, is_imitated, numbers)


def _recorded_sets(record: bytes) -> Iterator[bytes]:
    """Yield the sequence parameter sets of an AVCDecoderConfigurationRecord."""
    offset = RECORD_SETS + 1
    for _ in range(record[RECORD_SETS] & 0x1F):
        start = offset + 2
        offset = start + int.from_bytes(record[offset:start], "big")
        if unit := record[start:offset]:
            yield unit
