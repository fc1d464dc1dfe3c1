"""Specification of `nal_units`: packets of H.264 and HEVC are split as FFmpeg splits them."""

import pytest

from datamodules.decoding.bitstream.nal_units import message_types, split_units

UNITS = [b"\x67\x01", b"\x68", b"\x65\x88\x00\x00\x03\x01"]


@pytest.mark.parametrize("length_bytes", [1, 2, 4])
def test_units_are_found_by_their_lengths(length_bytes: int) -> None:
    packet = b"".join(len(unit).to_bytes(length_bytes, "big") + unit for unit in UNITS)
    assert split_units(packet, length_bytes) == UNITS


def test_units_are_found_by_start_codes_of_either_length() -> None:
    packet = b"\0\0\0\1" + UNITS[0] + b"\0\0\1" + UNITS[1] + b"\0\0\0\1" + UNITS[2]
    assert split_units(packet, 0) == UNITS


@pytest.mark.parametrize(
    ("packet", "length_bytes"),
    [
        (b"", 4),
        (b"", 0),
        (b"\x67\x01\x02", 0),  # no start code
        (b"\0\0\0\5\x67\1\2", 4),  # too short
        (b"\0\0\0\2\x67\1\0\0", 4),  # half a length
        (b"\0\0\0\0", 4),  # an empty unit
        (b"\0\0\0\1\x67", 4),  # a length that is a start code too
    ],
)
def test_what_is_not_made_of_units_is_told(packet: bytes, length_bytes: int) -> None:
    assert split_units(packet, length_bytes) is None


def test_all_messages_of_a_unit_are_named() -> None:
    long_message = b"\xff\x05\x03" + b"abc"  # type 255 + 5
    assert list(message_types(b"\x06\x05\x01a" + long_message + b"\x13\x02zz\x80", 1)) == [
        5,
        260,
        19,
    ]


def test_bytes_that_prevent_start_codes_do_not_count() -> None:
    unit = b"\x06\x05\x03\x00\x00\x03\x01\x13\x01z\x80"  # the content is 0, 0, 1
    assert list(message_types(unit, 1)) == [5, 19]
