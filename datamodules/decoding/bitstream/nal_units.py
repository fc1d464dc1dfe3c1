"""Units of H.264 and HEVC packets (NAL units), and the messages (SEI) among them."""

from collections.abc import Iterator

START_CODE = b"\0\0\1"
EMULATION_PREVENTION = b"\0\0\3"
LONG_VALUE = 0xFF


def split_units(packet: bytes, length_bytes: int) -> list[bytes] | None:
    """Split a packet into its units.

    Args:
        packet: The content.
        length_bytes: Bytes of the length before each unit; 0 where start codes separate them.

    Returns:
        The units without what separates them; None if the packet does not consist of units.
    """
    units = _by_length(packet, length_bytes) if length_bytes else _by_start_code(packet)
    return units if units and all(units) else None


def _by_length(packet: bytes, length_bytes: int) -> list[bytes] | None:
    units, offset = [], 0
    while offset < len(packet):
        start = offset + length_bytes
        offset = start + int.from_bytes(packet[offset:start], "big")
        units.append(packet[start:offset])
    # FFmpeg takes a length of 1 for a start code.
    is_ambiguous = packet[:length_bytes] == bytes(length_bytes - 1) + b"\1"
    return None if offset != len(packet) or is_ambiguous else units


def _by_start_code(packet: bytes) -> list[bytes] | None:
    before, *units = packet.split(START_CODE)
    return None if any(before) else [unit.rstrip(b"\0") for unit in units]


def message_types(unit: bytes, header_bytes: int) -> Iterator[int]:
    """Yield the types of the messages in a unit (ITU-T H.264, 7.3.2.3; H.265, 7.3.5)."""
    content = unit.replace(EMULATION_PREVENTION, b"\0\0")
    offset = header_bytes
    while offset + 2 < len(content):  # type, size and the closing bit need a byte each
        kind, offset = _read_value(content, offset)
        size, offset = _read_value(content, offset)
        offset += size
        yield kind


def _read_value(content: bytes, offset: int) -> tuple[int, int]:
    value = 0
    while offset < len(content):
        value += content[offset]
        offset += 1
        if content[offset - 1] != LONG_VALUE:
            break
    return value, offset
