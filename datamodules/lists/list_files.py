"""Finds and reads the text files that list the videos of a published data set."""

from collections.abc import Sequence
from pathlib import Path

from datamodules.errors import DataError

USUAL_FOLDERS = (
    *("", "annotations", "labels"),
    *("ucfTrainTestlist", "testTrainMulti_7030_splits", "test_train_splits"),
    "test_train_splits/testTrainMulti_7030_splits",
)
"""Subfolders that hold the lists in the data sets' archives."""


def find_list(folder: Path, names: Sequence[str]) -> Path:
    """Find a list by its possible names, in a folder or its usual subfolders.

    Args:
        folder: The folder that the user has given.
        names: Possible file names, the preferred one first.

    Raises:
        DataError: If the folder or the list does not exist.
    """
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no such folder; data.annotations must be the folder of the lists"
        )
    for name in names:
        for below in USUAL_FOLDERS:
            if (folder / below / name).is_file():
                return folder / below / name
    raise DataError(
        f"{folder}: holds none of {', '.join(names)}; set data.annotations to the folder of "
        "the lists, or give the path of the list"
    )


def read_lines(file: Path) -> list[tuple[int, str]]:
    """Read the non-blank lines of a list, stripped, with their line numbers from 1.

    Raises:
        DataError: If the file cannot be read or has no such line.
    """
    numbered = enumerate(read_text(file).split("\n"), start=1)
    lines = [(number, line.strip()) for number, line in numbered if line.strip()]
    if not lines:
        raise DataError(f"{file}: lists no video; download the list again")
    return lines


def read_text(file: Path) -> str:
    r"""Read a text file, with or without a byte order mark; each line ends in ``\n``.

    Its lines are found with ``split("\n")``: ``splitlines`` also splits at characters that names
    may hold, such as U+2028.

    Raises:
        DataError: If the file cannot be read or is not UTF-8 text.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}); check its path") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: is not UTF-8 text ({error.reason}); download it again") from None


class ListedOnce:
    """Refuses a video that a data set lists twice in one split."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}

    def add(self, video: str, file: Path, place: str) -> None:
        """Note a video.

        Args:
            video: Its name or id.
            file: The list, for the error message.
            place: The line or entry in it.

        Raises:
            DataError: If it was noted before.
        """
        where = f"{file}, {place}"
        first = self.places.setdefault(video, where)
        if first != where:
            raise DataError(
                f"{where}: lists video {video} again, after {first}; download the list again"
            )
