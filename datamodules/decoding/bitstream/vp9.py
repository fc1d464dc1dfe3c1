"""VP9 (VP9 Bitstream and Decoding Process Specification, 6.2)."""

MARKER, HIGHEST_PROFILE = 2, 3


class Vp9Starts:
    """Finds key frames: they replace all references, probabilities and segments."""

    can_be_safe = True

    def __init__(self) -> None:
        self._count = 0
        self._starts = {0}
        self._is_clear = True

    def safe(self) -> frozenset[int]:
        """Return the safe starts; empty if there is a doubt."""
        return frozenset(self._starts) if self._is_clear and self._count else frozenset()

    def alike(self) -> frozenset[int]:
        """Return the safe starts: at others, a new decoder may lack headers."""
        return self.safe()

    def take(self, packet: bytes, *, is_keyframe: bool) -> None:
        """Read the first frame of the next packet; hidden frames may precede the shown one."""
        bits = format(int.from_bytes(packet[:2].ljust(2, b"\0"), "big"), "016b")
        profile = int(bits[3] + bits[2], 2)
        rest = bits[5 if profile == HIGHEST_PROFILE else 4 :]
        self._is_clear &= int(bits[:2], 2) == MARKER
        shows_existing, is_inter_frame = rest[0] == "1", rest[1] == "1"
        if is_keyframe and not shows_existing and not is_inter_frame:
            self._starts.add(self._count)
        self._count += 1
