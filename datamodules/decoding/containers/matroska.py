"""Matroska and WebM: nested elements that state their size (RFC 8794, RFC 9559)."""

from typing import NamedTuple

from datamodules.decoding.containers.file_bytes import FileBytes

EBML_HEADER = 0x1A45DFA3
SEGMENT = 0x18538067
CLUSTER = 0x1F43B675
MAX_HEADER = 12


class _Element(NamedTuple):
    """An element's ID, and where its content begins and ends; no end if the size is unknown."""

    id: int
    start: int
    end: int | None


def find_missing_part(file: FileBytes) -> str | None:
    """Compare the sizes of Segments, Clusters and blocks with the file.

    A Segment of unknown size (a live stream) may end after any block; that a stream stopped early
    there cannot be seen. Bytes after a Segment of known size are ignored.
    """
    offset = 0
    while offset < file.size:
        element = _element_at(file, offset)
        if element is None or element.id not in {EBML_HEADER, SEGMENT}:
            return None
        if element.id == SEGMENT:
            if element.end is None:
                return _check_children(file, element.start, file.size)
            missing = file.ends_before(element.end, "its Segment")
            missing = missing or _check_children(file, element.start, element.end)
            if missing:
                return missing
        if element.end is None:
            return None
        offset = element.end
    return None


def _check_children(file: FileBytes, start: int, end: int) -> str | None:
    """Walk through the elements of a Segment, and those of its Clusters."""
    offset = start
    while offset < end:
        element = _element_at(file, offset)
        if element is None:
            return f"its bytes from {offset:,} on are no Matroska element"
        if element.id == CLUSTER or element.end is None:
            offset = element.start  # next: its children
            continue
        if missing := file.ends_before(element.end, f"its element at byte {offset:,}"):
            return missing
        offset = element.end
    return None


def _element_at(file: FileBytes, offset: int) -> _Element | None:
    header = file.read(offset, MAX_HEADER)
    if not header or header[0] < 0x10:  # IDs have at most four bytes
        return None
    id_length = 9 - header[0].bit_length()
    if len(header) <= id_length or not header[id_length]:
        return None
    size_length = 9 - header[id_length].bit_length()
    start = id_length + size_length
    if len(header) < start:
        return None
    stated = int.from_bytes(header[id_length:start], "big")
    unknown = (1 << 7 * size_length) - 1
    size = stated & unknown
    end = None if size == unknown else offset + start + size
    return _Element(int.from_bytes(header[:id_length], "big"), offset + start, end)
