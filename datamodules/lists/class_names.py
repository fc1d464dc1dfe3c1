"""Class names of the benchmarks, kept as data, and their numbers."""

from collections.abc import Sequence
from pathlib import Path

from datamodules.errors import DataError

FOLDER = Path(__file__).parent / "class_lists"


def read_class_names(data_set: str) -> tuple[str, ...]:
    """Read ``class_lists/<data set>.txt`` in the order of its labels; its first line says which."""
    lines = (FOLDER / f"{data_set}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if not line.startswith("#"))


class ClassNumbers:
    """Labels from 0, by name; case, underscores and repeated blanks make no difference.

    Args:
        class_names: In the order of the labels.
    """

    def __init__(self, class_names: Sequence[str]) -> None:
        self.numbers = {_simple(name): number for number, name in enumerate(class_names)}

    def __len__(self) -> int:
        """Count the classes."""
        return len(self.numbers)

    def find(self, name: str, file: Path, place: str) -> int:
        """Number a class that a list names.

        Args:
            name: The class.
            file: The list, for messages.
            place: The place in it, likewise.

        Raises:
            DataError: If there is no such class.
        """
        number = self.numbers.get(_simple(name))
        if number is None:
            raise DataError(
                f"{file}, {place}: {name!r} is none of the {len(self)} classes; check that "
                "the list belongs to this data set"
            )
        return number


def _simple(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())
