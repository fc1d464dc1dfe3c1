"""HEVC (ITU-T H.265, table 7-1)."""

from datamodules.decoding.bitstream.unit_starts import FILM_GRAIN, UnitStarts, UnitTypes

PREFIX_MESSAGE = 39

TYPES = UnitTypes(
    header_bytes=2,
    shift=1,
    mask=0x3F,
    pictures=frozenset({*range(10), *range(16, 22)}),
    # Refreshes (IDR, BLA) and clean random accesses (CRA): what is shown after them needs nothing
    # before them. Pictures that are shown before them (RASL) belong to the entry before.
    starts=frozenset(range(16, 22)),
    parameter_sets=frozenset({32, 33, 34}),
    messages=frozenset({PREFIX_MESSAGE, 40}),
    ignored=frozenset({35, 36, 37, 38}),  # delimiters, ends, filler
    base_layer=1,
)


def hevc_units(extradata: bytes) -> UnitStarts:
    """Make the reader for a stream.

    Args:
        extradata: Of the stream, in mp4 an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15).
    """
    length_bytes = (extradata[21] & 3) + 1 if extradata[:1] == b"\1" and len(extradata) > 21 else 0
    starts = UnitStarts(TYPES, length_bytes)
    if bytes([PREFIX_MESSAGE << 1, 1, FILM_GRAIN]) in extradata:
        starts.doubt()
    return starts
