"""FLV: tags that state their size (Adobe Flash Video File Format Specification 10.1)."""

from datamodules.decoding.containers.file_bytes import FileBytes

TYPES = {8, 9, 18}
"""Sound, video, data; further bits of the byte mark encryption."""
HEADER, BACK_POINTER = 11, 4


def find_missing_part(file: FileBytes) -> str | None:
    """Walk through the tags; a cut exactly between two cannot be seen."""
    offset = file.number(5, 4) + BACK_POINTER
    while offset < file.size:
        if file.number(offset, 1) & 0x1F not in TYPES:
            return f"its byte {offset:,} begins no tag"
        end = offset + HEADER + file.number(offset + 1, 3)
        offset, start = end + BACK_POINTER, offset
        if end != file.size and (missing := file.ends_before(offset, f"its tag at byte {start:,}")):
            return missing
    return None
