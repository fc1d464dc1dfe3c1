"""GIF: blocks up to a trailer (GIF89a specification)."""

from datamodules.decoding.containers.file_bytes import FileBytes

TRAILER, EXTENSION, IMAGE = 0x3B, 0x21, 0x2C
SCREEN, DESCRIPTOR = 13, 10
CUT = "its trailer is missing"


def find_missing_part(file: FileBytes) -> str | None:
    """Walk through the blocks up to the trailer; bytes after it are ignored."""
    content = file.read(0, file.size)
    try:
        offset = SCREEN + _table_size(content[10])
        while (kind := content[offset]) != TRAILER:
            if kind == EXTENSION:
                offset += 2
            elif kind == IMAGE:
                offset += DESCRIPTOR + _table_size(content[offset + 9]) + 1
            else:
                return f"its byte {offset:,} begins no block"
            while content[offset]:  # sub-blocks, the last of size 0
                offset += 1 + content[offset]
            offset += 1
    except IndexError:
        return CUT
    return None


def _table_size(flags: int) -> int:
    """Return the bytes of a colour table: 3 << (n + 1), if there is one."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
