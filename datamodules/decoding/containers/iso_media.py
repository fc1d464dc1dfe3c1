"""MP4, MOV and 3GP: a sequence of boxes that state their size (ISO/IEC 14496-12)."""

from datamodules.decoding.containers.file_bytes import FileBytes

BOXES = {
    *(b"ftyp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"ssix", b"styp", b"emsg", b"prft"),
    *(b"free", b"skip", b"wide", b"uuid", b"meta", b"udta", b"pdin", b"pnot", b"PICT", b"junk"),
}
SHORT_HEADER, LONG_HEADER = 8, 16
SIDX_REFERENCES = {0: 28, 1: 36}
"""By version: where in a sidx box its count of references stands, from the start of the box."""


def find_missing_part(file: FileBytes) -> str | None:
    """Compare the sizes of boxes, and of the fragments that an index (sidx) lists, with the file.

    A fragmented file without a segment index that ends exactly between two fragments cannot be
    told from a whole one. Bytes after the last box are ignored.
    """
    offset, fragmented = 0, False
    while offset + SHORT_HEADER <= file.size:
        size, kind, header = file.number(offset, 4), file.read(offset + 4, 4), SHORT_HEADER
        if size == 1:
            size, header = file.number(offset + 8, 8), LONG_HEADER
        if fragmented and not any(file.read(offset, SHORT_HEADER)):
            return f"its bytes from {offset:,} on are zero"
        if kind not in BOXES or size < header:  # size 0: up to the end of the file
            return None
        fragmented |= kind == b"moof"
        end = offset + size
        part = f"its {kind.decode()} box"
        if kind == b"sidx" and end <= file.size:
            part, fragments_end = "its last fragment", _fragments_end(file, offset, end)
            if missing := file.ends_before(fragments_end, part):
                return missing
        if missing := file.ends_before(end, part):
            return missing
        offset = end
    rest = file.read(offset, SHORT_HEADER)
    return f"it ends {len(rest)} bytes into a box" if any(rest) else None


def _fragments_end(file: FileBytes, offset: int, end: int) -> int:
    """Return where the last fragment that a sidx box lists ends."""
    version = file.number(offset + 8, 1)
    place = SIDX_REFERENCES.get(version)
    if place is None:
        return end
    width = 8 if version else 4
    first = file.number(offset + place - width, width)
    count = file.number(offset + place + 2, 2)
    references = file.read(offset + place + 4, 12 * count)
    sizes = (int.from_bytes(references[at : at + 4], "big") for at in range(0, 12 * count, 12))
    return end + first + sum(size & 0x7FFFFFFF for size in sizes)
