"""Reads bytes of a file, or of a part of one, at any position."""

import os
from collections.abc import Iterator
from typing import Final

CHUNK: Final = 1 << 20


class FileBytes:
    """The bytes of an open file or of a part of it; does not move the file's own position.

    Args:
        descriptor: Of the open file.
        start: Where the part starts.
        size: The length of the part; None for the complete file.
        crc32: Of these bytes, where it is known.

    Attributes:
        size: In bytes.
    """

    def __init__(
        self, descriptor: int, start: int = 0, size: int | None = None, crc32: int | None = None
    ) -> None:
        self.descriptor = descriptor
        self.start = start
        self.size = os.fstat(descriptor).st_size if size is None else size
        self.crc32 = crc32
        self.is_part = size is not None

    def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes; fewer at the end of the file."""
        inside = max(0, min(count, self.size - offset))
        return os.pread(self.descriptor, inside, self.start + offset)

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes, in pieces that fit into memory."""
        for offset in range(0, self.size, CHUNK):
            yield self.read(offset, CHUNK)

    def number(self, offset: int, count: int, *, little: bool = False) -> int:
        """Return an unsigned integer of ``count`` bytes, big-endian unless ``little``."""
        return int.from_bytes(self.read(offset, count), "little" if little else "big")

    def ends_before(self, end: int, part: str) -> str | None:
        """Say what is missing if the file ends before ``end``, the end of a part of it."""
        if end <= self.size:
            return None
        return f"{part} ends at byte {end:,}, the file at byte {self.size:,}"
