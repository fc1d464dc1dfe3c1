"""MPEG transport and program streams (ISO/IEC 13818-1)."""

from datamodules.decoding.containers.file_bytes import FileBytes

SYNC = 0x47
SIZES = {188: 0, 192: 4, 204: 0}
"""Bytes of a packet, and those before its sync byte (Blu-ray's time codes)."""
SYNCS = 5
PACKETS_AT_ONCE = 5000
PREFIX = b"\0\0\1"
PACK, END = 0xBA, 0xB9
FIRST_WITH_LENGTH = 0xBB


def find_cut_packet(file: FileBytes) -> str | None:
    """Check that a transport stream ends with a whole packet.

    Streams may begin and end anywhere: that whole packets are missing at either end cannot be
    seen, only that some are missing in between (FFmpeg marks packets after a gap as corrupt).
    """
    head = file.read(0, max(SIZES) * (SYNCS + 1))
    for size, before in SIZES.items():
        for first in range(before, size):
            if all(byte == SYNC for byte in head[first : first + size * SYNCS : size]):
                if (lost := _lost_sync(file, first, size)) is not None:
                    return f"its packet at byte {lost:,} is damaged"
                rest = (file.size - first + before) % size
                cut = file.read(file.size - rest + before, 1) == bytes([SYNC])
                return f"it ends {rest} bytes into a packet" if cut and rest else None
    return None


def _lost_sync(file: FileBytes, first: int, size: int) -> int | None:
    """Return the place of the first missing sync byte."""
    for start in range(first, file.size, size * PACKETS_AT_ONCE):
        syncs = file.read(start, size * PACKETS_AT_ONCE)[::size]
        if syncs.count(SYNC) < len(syncs):
            place = next(number for number, byte in enumerate(syncs) if byte != SYNC)
            lost = start + size * place
            return lost if lost + size <= file.size else None
    return None


def find_cut_pack(file: FileBytes) -> str | None:
    """Walk through the packets of a program stream; a cut exactly between two cannot be seen."""
    offset = file.read(0, 1 << 16).find(PREFIX + bytes([PACK]))
    while 0 <= offset < file.size:
        header = file.read(offset, 14)
        if not header.startswith(PREFIX[: len(header)]):
            return None  # zeros between packs, or no program stream
        start, code = offset, header[3] if len(header) > len(PREFIX) else PACK
        if code == PACK:
            is_mpeg2 = len(header) > 4 and header[4] >> 6 == 1
            offset += 14 + (header[13] & 7 if len(header) == 14 else 0) if is_mpeg2 else 12
        elif code >= FIRST_WITH_LENGTH:
            offset += 6 + int.from_bytes(header[4:6], "big")
        else:
            return None  # the end code, or an unknown one
        if missing := file.ends_before(offset, f"its packet at byte {start:,}"):
            return missing
    return None
