"""Class names of the published data sets, stored as text files, and their class indices."""

from collections.abc import Sequence
from pathlib import Path

from datamodules.errors import DataError

NO_CLASS = -1
FOLDER = Path(__file__).parent / "class_lists"


def read_class_names(data_set: str) -> tuple[str, ...]:
    """Read ``class_lists/<data set>.txt``, one name per label; its first line states the source."""
    lines = (FOLDER / f"{data_set}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if not line.startswith("#"))


class ClassIndices:
    """Looks up class indices by name; ignores case, underscores and repeated blanks.

    Args:
        class_names: The names, in label order.
    """

    def __init__(self, class_names: Sequence[str]) -> None:
        self.numbers = {_simple(name): number for number, name in enumerate(class_names)}
        self.spellings: dict[str, int] = {}  # those that were asked for

    def __len__(self) -> int:
        """Count the classes."""
        return len(self.numbers)

    def find(self, name: str, file: Path, place: str) -> int:
        """Return the index of a class that a list names.

        Args:
            name: The class name.
            file: The list, for the error message.
            place: The line or entry in it, for the error message.

        Raises:
            DataError: If no class has this name.
        """
        number = self.spellings.get(name)
        if number is None:
            number = self.spellings[name] = self.numbers.get(_simple(name), NO_CLASS)
        if number == NO_CLASS:
            raise DataError(
                f"{file}, {place}: {name[:60]!r} is none of the {len(self)} classes; check that "
                "the list belongs to this data set"
            )
        return number


def _simple(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())
