"""Reads bytes of a file at any position."""

import os


class FileBytes:
    """The bytes of an open file; does not move the file's own position.

    Args:
        descriptor: Of the open file.

    Attributes:
        size: Of the file, in bytes.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes; fewer at the end of the file."""
        return os.pread(self.descriptor, count, offset)

    def number(self, offset: int, count: int, *, little: bool = False) -> int:
        """Return an unsigned integer of ``count`` bytes, big-endian unless ``little``."""
        return int.from_bytes(self.read(offset, count), "little" if little else "big")

    def ends_before(self, end: int, part: str) -> str | None:
        """Say what is missing if the file ends before ``end``, the end of a part of it."""
        if end <= self.size:
            return None
        return f"{part} ends at byte {end:,}, the file at byte {self.size:,}"
