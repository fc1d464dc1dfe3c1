"""PNG and animated PNG: chunks with sizes and checksums (PNG specification, third edition)."""

import zlib

from datamodules.decoding.containers.file_bytes import FileBytes

SIGNATURE, HEADER, CHECKSUM = 8, 8, 4


def find_missing_part(file: FileBytes) -> str | None:
    """Check all chunks up to the last one, IEND; bytes after it are ignored."""
    offset = SIGNATURE
    while offset + HEADER <= file.size:
        size, kind = file.number(offset, 4), file.read(offset + 4, 4)
        end = offset + HEADER + size + CHECKSUM
        if missing := file.ends_before(end, f"its chunk at byte {offset:,}"):
            return missing
        content = file.read(offset + 4, 4 + size)
        if zlib.crc32(content) != file.number(end - CHECKSUM, CHECKSUM):
            return f"its chunk at byte {offset:,} is damaged"
        if kind == b"IEND":
            return None
        offset = end
    return "its last chunk is missing"
