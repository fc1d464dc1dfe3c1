"""Finds and reads the files in which a data set lists its videos."""

from collections.abc import Sequence
from pathlib import Path

from datamodules.errors import DataError

USUAL_FOLDERS = (
    *("", "annotations", "labels"),
    *("ucfTrainTestlist", "testTrainMulti_7030_splits", "test_train_splits"),
    "test_train_splits/testTrainMulti_7030_splits",
)
"""Where lists lie as the data sets are unpacked, below the folder that one names."""


def find_list(folder: Path, names: Sequence[str]) -> Path:
    """Find the first of several names, in a folder or in a usual one below it.

    Args:
        folder: As the user named it.
        names: The best first.

    Raises:
        DataError: If none is there.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; annotations must name the folder of the lists")
    for name in names:
        for below in USUAL_FOLDERS:
            if (folder / below / name).is_file():
                return folder / below / name
    raise DataError(
        f"{folder}: holds none of {', '.join(names)}; let annotations name the folder of the "
        "lists, or state the list's path"
    )


def read_lines(file: Path) -> list[tuple[int, str]]:
    """Read the lines of a list that are not blank, stripped, with their numbers from 1.

    Raises:
        DataError: If the file cannot be read or lists nothing.
    """
    numbered = enumerate(read_text(file).splitlines(), start=1)
    lines = [(number, line.strip()) for number, line in numbered if line.strip()]
    if not lines:
        raise DataError(f"{file}: lists no video; fetch the list anew")
    return lines


def read_text(file: Path) -> str:
    """Read a text file, with or without a byte order mark.

    Raises:
        DataError: If it is not there or no UTF-8 text.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}); check its path") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: is no UTF-8 text ({error.reason}); fetch it anew") from None
