"""MPEG-4 Part 2, as DivX and Xvid write it (ISO/IEC 14496-2, table 6-3)."""

import re

PICTURE = b"\0\0\1\xb6"
GROUP_HEADER = re.compile(rb"\x00\x00\x01\xb3.*?(?=\x00\x00\x01|\Z)", re.DOTALL)
"""Holds the time of day, which decoding does not depend on."""

OTHER_HEADER = re.compile(rb"\x00\x00\x01[^\xb3\xb6]")


class Mpeg4Starts:
    """Finds the keyframes that repeat all headers of the first packet.

    FFmpeg imitates the errors of old encoders, which it recognises by the headers and by what it
    decodes. Hence no start is safe; but where the headers are the same, a new decoder knows what
    one that has read on knows.
    """

    can_be_safe = False

    def __init__(self) -> None:
        self._count = 0
        self._headers = b""
        self._alike: set[int] = set()
        self._is_clear = True

    def safe(self) -> frozenset[int]:
        """Return no start."""
        return frozenset()

    def alike(self) -> frozenset[int]:
        """Return the numbers of these keyframes, none if other packets hold headers too."""
        return frozenset(self._alike) if self._is_clear else frozenset()

    def take(self, packet: bytes, *, is_keyframe: bool) -> None:
        """Read the next packet."""
        headers, _, pictures = packet.partition(PICTURE)
        if self._count == 0 or is_keyframe:
            headers = GROUP_HEADER.sub(b"", headers)
            if self._count == 0:
                self._headers = headers
            if headers == self._headers:
                self._alike.add(self._count)
        elif OTHER_HEADER.search(headers):
            self._is_clear = False
        if OTHER_HEADER.search(pictures):
            self._is_clear = False
        self._count += 1
