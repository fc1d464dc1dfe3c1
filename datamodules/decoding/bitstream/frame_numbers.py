"""The numbers of H.264 pictures, by which decoders notice that one is missing."""

from datamodules.decoding.bitstream.nal_units import EMULATION_PREVENTION

TYPE, REFERENCE = 0x1F, 0x60
"""Bits of the first byte of a unit."""

SLICE, REFRESH, SEQUENCE_PARAMETER_SET = 1, 5, 7
"""Types of units. A refresh (IDR) clears all references, ordinary intra pictures do not, whatever
flags say."""

HIGH_PROFILES = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
FOUR_FOUR_FOUR = 3
HEADER_BYTES = 24
"""Of a slice, with the numbers that are read."""


class _Bits:
    """Reads numbers from a unit, after its header of one byte."""

    def __init__(self, unit: bytes) -> None:
        content = unit[1:].replace(EMULATION_PREVENTION, b"\0\0")
        self.text = format(int.from_bytes(content, "big"), f"0{8 * len(content)}b")
        self.place = 0

    def fixed(self, count: int) -> int:
        """Read a number of so many bits."""
        self.place += count
        return int(self.text[self.place - count : self.place], 2)

    def golomb(self) -> int:
        """Read a number in Exp-Golomb code, ue(v)."""
        zeros = self.text.index("1", self.place) - self.place
        self.place += zeros
        return self.fixed(zeros + 1) - 1


class FrameNumbers:
    """Tells whether a decoder that skips non-reference pictures misses none of the others.

    The number of a picture is that of the reference picture before it, plus one (ITU-T H.264,
    7.4.3). FFmpeg fills gaps with pictures of its own. If an encoder counts wrongly, there may be a
    gap where pictures are skipped, and none where they are decoded.
    """

    def __init__(self) -> None:
        self._parameter_sets: set[bytes] = set()
        self._bits: int | None = None
        self._last_reference = 0

    def add_parameter_set(self, unit: bytes) -> None:
        """Read a parameter set; streams with two different sequence parameter sets are not read."""
        if unit[0] & TYPE == SEQUENCE_PARAMETER_SET:
            self._parameter_sets.add(unit)
            self._bits = frame_number_bits(unit) if len(self._parameter_sets) == 1 else None

    def follows(self, unit: bytes) -> bool:
        """Return whether a picture, of which this is a slice, follows the one before it."""
        if self._bits is None:
            return False
        bits = _Bits(unit[:HEADER_BYTES])
        try:
            for _ in range(3):  # first macroblock, type, picture parameter set
                bits.golomb()
            number = bits.fixed(self._bits)
        except ValueError:
            return False
        step = (number - self._last_reference) % (1 << self._bits)
        if unit[0] & REFERENCE:
            self._last_reference = number
        return number == 0 if unit[0] & TYPE == REFRESH else step == 1


def frame_number_bits(unit: bytes) -> int | None:
    """Return the size of frame_num (ITU-T H.264, 7.3.2.1.1); None for what is not read here."""
    bits = _Bits(unit)
    try:
        profile = bits.fixed(8)
        bits.fixed(16)  # constraints, level
        bits.golomb()
        if profile in HIGH_PROFILES:
            if bits.golomb() == FOUR_FOUR_FOUR and bits.fixed(1):
                return None  # separate colour planes
            bits.golomb()
            bits.golomb()  # bit depths
            bits.fixed(1)
            if bits.fixed(1):
                return None  # scaling matrices
        return bits.golomb() + 4
    except ValueError:
        return None
