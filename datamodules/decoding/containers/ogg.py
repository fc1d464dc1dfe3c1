"""Ogg: pages with numbers, checksums and end marks (RFC 3533)."""

import zlib

from datamodules.decoding.containers.file_bytes import FileBytes

PAGE, HEADER = b"OggS", 27
FIRST_PAGE, LAST_PAGE = 2, 4
"""Flags of a stream's first and last page."""
VIDEO_STARTS = (b"\x80theora", b"OVP80", b"BBCD\0", b"\x01video")
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class _Stream:
    """The pages of one logical stream so far."""

    def __init__(self, first_packet: bytes) -> None:
        self.is_video = first_packet.startswith(VIDEO_STARTS)
        self.number = 0
        self.in_headers = True
        self.has_ended = False

    def skips_pages(self, number: int, time: int, flags: int) -> bool:
        """Take a page; return whether pages are missing before it.

        Not so between the headers and the rest: an excerpt begins anywhere.
        """
        skipped = number > self.number + 1 and not self.in_headers
        self.in_headers &= time == 0
        self.number = number
        self.has_ended = bool(flags & LAST_PAGE)
        return skipped


def find_missing_part(file: FileBytes) -> str | None:
    """Check that all pages are there and undamaged, and that video streams have their last one.

    Bytes after the last page are ignored.
    """
    offset = 0
    streams: dict[int, _Stream] = {}
    while (header := file.read(offset, HEADER)).startswith(PAGE) and len(header) == HEADER:
        time, serial, number, checksum = (
            int.from_bytes(header[start:end], "little")
            for start, end in ((6, 14), (14, 18), (18, 22), (22, 26))
        )
        lacing = file.read(offset + HEADER, header[26])
        size = HEADER + len(lacing) + sum(lacing)
        if missing := file.ends_before(offset + size, f"its page at byte {offset:,}"):
            return missing
        page = file.read(offset, size)
        if _checksum(page[:22] + bytes(4) + page[26:]) != checksum:
            return f"its page at byte {offset:,} is damaged"
        if header[5] & FIRST_PAGE or serial not in streams:
            streams[serial] = _Stream(page[HEADER + len(lacing) :])
        if streams[serial].skips_pages(number, time, header[5]):
            return f"a page is missing before byte {offset:,}"
        offset += size
    if any(stream.is_video and not stream.has_ended for stream in streams.values()):
        return "the last page of its video stream is missing"
    return None


def _checksum(page: bytes) -> int:
    """Return the CRC-32 of Ogg: zlib's polynomial with reversed bits, and no inversion."""
    crc = zlib.crc32(page.translate(REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{crc:032b}"[::-1], 2)
