"""A sequence whose items are made when they are asked for."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

Item = TypeVar("Item")


class LazySequence(Sequence[Item]):
    """Makes one item at a time; subclasses say how many there are and make the one at a place."""

    @abstractmethod
    def make(self, place: int) -> Item:
        """Make the item at a place from 0 to n - 1."""

    @overload
    def __getitem__(self, place: int) -> Item: ...

    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...

    def __getitem__(self, place: int | slice) -> Item | list[Item]:
        """Return one item, or a list of some.

        Raises:
            IndexError: If there is no such item.
        """
        chosen = range(len(self))[place]
        return self.make(chosen) if isinstance(chosen, int) else list(map(self.make, chosen))
