"""Named test protocols: how many clips and crops of a video are scored and averaged."""

import re
from dataclasses import dataclass

from datamodules.errors import DataError


@dataclass(frozen=True)
class TestProtocol:
    """The clips and crops of a test protocol.

    Attributes:
        name: The name, such as ``10x3-full``.
        clips: Number of clips.
        crops: Number of crops: 1 (the centre) or 3 (along the longer side).
        full: Whether a crop spans the whole short side and is then resized (TSI's three 256 x 256
            crops to 224), instead of being cut at the network's size (TEINet's left, middle and
            right crops of 224).
        random: Whether clips are drawn at random like training clips (from the seed and the video's
            index), as in the public TEA code, instead of being evenly spread.
    """

    __test__ = False  # the name is the field's, not pytest's

    name: str
    clips: int
    crops: int
    full: bool = False
    random: bool = False

    @property
    def views(self) -> int:
        """Return the number of views of one video."""
        return self.clips * self.crops

    def __str__(self) -> str:
        """Describe the views in words."""
        where = "centre" if self.crops == 1 else "start, middle and end of the longer side"
        how = "whole short side, resized" if self.full else "cut at input size"
        when = "drawn at random" if self.random else "evenly spread"
        return (
            f"{self.name}: {self.clips} clip(s) x {self.crops} crop(s) = {self.views} view(s) a "
            f"video; clips {when}; crops at {where}, {how}"
        )


def get_protocol(name: str) -> TestProtocol:
    """Read a protocol's name: ``1x1``, ``10x3`` (TEINet), ``10x3-full`` (TSI), ``2x1``, ...

    Args:
        name: ``<clips>x<crops>``, then perhaps ``-full``, then perhaps ``-random``.

    Raises:
        DataError: If the name is not of that form, or crops are neither 1 nor 3.
    """
    match = re.fullmatch(r"([1-9]\d*)x([13])(-full)?(-random)?", name)
    if match is None:
        raise DataError(
            f"protocol={name!r}: write <clips>x<crops> with 1 or 3 crops, such as 1x1, 10x3, or "
            "10x3-full for crops of the whole short side; -random at the end draws the clips"
        )
    return TestProtocol(
        name, int(match[1]), int(match[2]), match[3] is not None, match[4] is not None
    )
