"""A small package of classes to choose from on a command line."""

from abc import ABC, abstractmethod


class ShopError(ValueError):
    """A wrong argument."""


class Tool(ABC):
    """What is chosen."""

    @abstractmethod
    def use(self) -> None:
        """Use it."""


class Hammer(Tool):
    """A tool without required arguments.

    Args:
        size: Above 0.
    """

    def __init__(self, size: int = 1) -> None:
        if size < 1:
            raise ShopError(f"size={size} must be above 0")

    def use(self) -> None:
        """Use it."""


class Saw(Tool):
    """A tool with a required argument.

    Args:
        teeth: How many.
    """

    def __init__(self, teeth: int) -> None:
        self.teeth = teeth

    def use(self) -> None:
        """Use it."""
