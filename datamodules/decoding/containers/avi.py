"""AVI: RIFF chunks that state their size, one or (OpenDML) several of them."""

from datamodules.decoding.containers.file_bytes import FileBytes

HEADER, LIST_HEADER = 8, 12
WALKED_LISTS = {b"movi", b"rec "}
UNFINISHED = {0, 0xFFFFFFFF}
"""Sizes that writers leave which cannot go back to the header."""


def find_missing_part(file: FileBytes) -> str | None:
    """Compare the sizes of RIFF chunks with the file; bytes after them are ignored.

    A file whose writer left the size open may end after any frame; that cannot be seen.
    """
    offset = 0
    while file.read(offset, 4) == b"RIFF":
        size = file.number(offset + 4, 4, little=True)
        if size in UNFINISHED:
            return None
        end = offset + HEADER + size
        last, zeros = _walk_chunks(file, offset + LIST_HEADER, min(end, file.size))
        if zeros:
            return f"its bytes from {last:,} on are zero"
        # Some writers count the header in: then nothing is missing if the last chunk is whole.
        if end - file.size > HEADER or last > file.size:
            return file.ends_before(max(end, last), "its RIFF chunk")
        offset = end + size % 2
    return None


def _walk_chunks(file: FileBytes, offset: int, end: int) -> tuple[int, bool]:
    """Return where the last chunk ends, or where zeros stand in place of a chunk."""
    while offset + HEADER <= end:
        header = file.read(offset, LIST_HEADER)
        if not any(header[:HEADER]):
            return offset, True
        size = int.from_bytes(header[4:HEADER], "little")
        if header.startswith(b"LIST") and header[HEADER:] in WALKED_LISTS:
            offset += LIST_HEADER
        else:
            offset += HEADER + size + size % 2
    return offset, False
