"""The key of a sample, and the sample itself."""

from typing import NamedTuple, TypedDict

from torch import Tensor


class SampleKey(NamedTuple):
    """The index of a record, and the epoch, which determines the record's random clip."""

    record: int
    epoch: int


class Sample(TypedDict):
    """One video as the network receives it.

    ``clips`` is uint8 0-255: a training clip (T, 3, S, S) or test views (V, T, 3, S, S). ``label``
    is -1 where there is none. ``index`` is the record's index. ``path`` ends in " (backwards)" if
    the video is shown backwards.
    """

    clips: Tensor
    label: int
    index: int
    path: str
