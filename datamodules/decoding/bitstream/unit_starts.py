"""Safe starts of codecs whose packets consist of NAL units: what H.264 and HEVC share."""

from collections.abc import Callable
from dataclasses import dataclass

from datamodules.decoding.bitstream.frame_numbers import FrameNumbers
from datamodules.decoding.bitstream.nal_units import message_types, split_units

FILM_GRAIN = 19
"""Type of a message; FFmpeg draws the grain by the picture's number, which restarts."""

FIRST_SLICE = 0x80
"""H.264: the first macroblock is number 0; HEVC: first_slice_segment_in_pic_flag."""


@dataclass(frozen=True)
class UnitTypes:
    """What types of units mean in a codec.

    Attributes:
        header_bytes: Of each unit.
        shift: Of the type within the first byte.
        mask: Of the type, after the shift.
        pictures: Slices of pictures.
        starts: Of those, pictures that need no earlier one, nor do those that are shown later.
        parameter_sets: What pictures refer to by a number.
        messages: Supplemental enhancement information (SEI).
        ignored: What decoders pass over.
        base_layer: Last byte of the header of slices in the lowest layer; None for any.
    """

    header_bytes: int
    shift: int
    mask: int
    pictures: frozenset[int]
    starts: frozenset[int]
    parameter_sets: frozenset[int]
    messages: frozenset[int]
    ignored: frozenset[int]
    base_layer: int | None = None

    def type_of(self, unit: bytes) -> int:
        """Return the type of a unit."""
        return (unit[0] >> self.shift) & self.mask


class UnitStarts:
    """Finds safe starts, and doubts.

    Doubtful are streams in which parameter sets change or stand elsewhere than in all starts alike;
    pictures in two fields (of which one may be skipped); slices of a picture that differ in
    type; layers (in which a picture that its own layer does not refer to may be one for
    others); film grain; encoders whose errors FFmpeg imitates; and units that are not known.

    Args:
        types: Of the codec.
        length_bytes: As `split_units`.
        is_imitated: Whether a message names an encoder whose errors FFmpeg imitates from then on.
        numbers: Of H.264; pictures that do not follow are doubtful.
    """

    can_be_safe = True

    def __init__(
        self,
        types: UnitTypes,
        length_bytes: int,
        is_imitated: Callable[[bytes], bool] = lambda message: False,
        numbers: FrameNumbers | None = None,
    ) -> None:
        self.types = types
        self.length_bytes = length_bytes
        self.is_imitated = is_imitated
        self.numbers = numbers
        self._count = 0
        self._starts = {0}
        self._is_clear = True
        self._parameter_sets: list[bytes] = []
        self._others = types.pictures | types.parameter_sets | types.ignored

    def doubt(self) -> None:
        """State that the stream is doubtful."""
        self._is_clear = False

    def safe(self) -> frozenset[int]:
        """Return the safe starts; empty if there is a doubt."""
        return frozenset(self._starts) if self._is_clear and self._count else frozenset()

    def alike(self) -> frozenset[int]:
        """Return the safe starts: at others, a new decoder may lack headers."""
        return self.safe()

    def take(self, packet: bytes, *, is_keyframe: bool) -> None:
        """Read the next packet."""
        number, self._count = self._count, self._count + 1
        units = split_units(packet, self.length_bytes) if self._is_clear else None
        if units is None:
            self._is_clear = False
            return
        types = self.types
        by_type = [(types.type_of(unit), unit) for unit in units]
        slices = [unit for kind, unit in by_type if kind in types.pictures]
        sets = [unit for kind, unit in by_type if kind in types.parameter_sets]
        starts = is_keyframe and any(kind in types.starts for kind, _ in by_type)
        if number == 0:
            self._parameter_sets = sets
            self._count_by(sets)
        if starts:
            self._starts.add(number)
        self._is_clear = (
            all(self._is_known(kind, unit) for kind, unit in by_type)
            and self._is_one_frame(slices)
            and (sets == self._parameter_sets or not (sets or starts))
            and (self.numbers is None or self.numbers.follows(slices[0]))
        )

    def _count_by(self, parameter_sets: list[bytes]) -> None:
        if self.numbers:
            for unit in parameter_sets:
                self.numbers.add_parameter_set(unit)

    def _is_known(self, kind: int, unit: bytes) -> bool:
        types = self.types
        if kind in types.messages:
            has_grain = FILM_GRAIN in message_types(unit, types.header_bytes)
            return not has_grain and not self.is_imitated(unit)
        return kind in self._others

    def _is_one_frame(self, slices: list[bytes]) -> bool:
        size = self.types.header_bytes
        if not slices or min(map(len, slices)) <= size:
            return False
        headers = {unit[:size] for unit in slices}
        first_slices = [bool(unit[size] & FIRST_SLICE) for unit in slices]
        base = self.types.base_layer
        return (
            len(headers) == 1
            and (base is None or (slices[0][size - 1] == base and not slices[0][0] & 1))
            and first_slices[0]
            and sum(first_slices) == 1
        )
