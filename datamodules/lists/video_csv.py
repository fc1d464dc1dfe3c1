"""Reads a user's own list of videos from a csv with a column ``path`` and perhaps ``label``."""

import csv
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from sys import intern
from typing import Any, NamedTuple

from pytorch_lightning.utilities import rank_zero_info

from datamodules.errors import DataError
from datamodules.lists.splitting import SPLIT_WORDS, SPLITS
from datamodules.lists.user_labels import is_number
from datamodules.lists.user_list import AnnotatedVideo

OPTIONAL_COLUMNS = {"group", "name"}
"""Default columns, which may be absent; other names come from the user and must exist."""

DELIMITERS = (",", ";", "\t", "|")

NAME_COLUMNS = "it must name path and, for all but new videos, label, with commas between them"

NOT_A_NUMBER = {"nan", "-nan", "<na>", "nat"}
MISSING_WORDS = NOT_A_NUMBER | {"none", "null", "na", "n/a", "#n/a"}
"""Words that programs write for a missing value, in lower case."""

LONGEST_HEADER = 1 << 16
LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
EMPTY_PART = re.compile(r"(?:^|/)\.?(?:/|$)")
"""An absolute path, or one with a part that is empty or a single dot."""


class CsvRow(NamedTuple):
    """One row of a csv.

    Attributes:
        file: The csv.
        line: Its last line in the file, from 1.
        values: Its values by column, as written; columns without a value are absent.
    """

    file: Path
    line: int
    values: dict[str, str]

    @property
    def where(self) -> str:
        """Return its place, for error messages."""
        return f"{self.file}, line {self.line}"


class CsvTable(NamedTuple):
    """A csv.

    Attributes:
        columns: Their names; the wanted columns are spelt as wanted.
        rows: All rows that are not blank; they are read meanwhile, which may raise `DataError`.
    """

    columns: list[str]
    rows: Iterator[CsvRow]


def read_table(file: Path, wanted: Sequence[str]) -> CsvTable:
    """Read a csv with commas, semicolons, tabs or vertical bars between its values.

    Args:
        file: The csv, with a header line.
        wanted: Columns to find; blanks around a name and its case are ignored.

    Raises:
        DataError: If the file is not a csv with a column ``path``, names a wanted column twice, or
            a row does not fit the header.
    """
    text = _read_text(file)
    if "\0" in text:
        raise DataError(f"{file}: is not text; save it as csv in UTF-8")
    reader = csv.reader(
        (line[0] for line in LINE.finditer(text)),
        delimiter=_delimiter(text),
        skipinitialspace=True,
        strict=True,  # else an open quotation mark takes in the rows after it
    )
    lines = _numbered_lines(file, reader)
    _, header = next(lines, (0, []))
    columns = _name_columns(file, header, wanted)
    return CsvTable(columns, _rows(file, lines, columns, wanted))


def read_csv(
    file: Path, root: Path | None, group_column: str, name_column: str
) -> list[AnnotatedVideo]:
    """Read a csv with columns ``path`` and ``label``, and perhaps group, ``split`` and name.

    Without a column ``label``, which is logged, no video has a label.

    Args:
        file: The csv, with a header line.
        root: The folder that relative paths start from; None for the folder of the csv.
        group_column: The column of groups. It may be absent if its name is the default, or if no
            video has a label.
        name_column: The column of readable class names; it may be absent likewise.

    Raises:
        DataError: If the file or a column is missing, or a row lacks a value.
    """
    if not file.is_file():
        raise DataError(f"{file}: no such csv; give its path, or a folder of class folders")
    columns, rows = read_table(file, ["path", "label", "split", group_column, name_column])
    start = root or file.parent
    prefix = str(start / "x")[:-1]
    videos = []
    source = str(file)
    for row in rows:
        path = _path(row, start, prefix)
        label = intern(row.values.get("label", "").strip())
        group = intern(_present(row, group_column, "group"))
        name = _present(row, name_column, "name")
        videos.append(AnnotatedVideo(path, label, group, _split(row), name, source, row.line))
    if not videos:
        raise DataError(f"{file}: lists no video")
    if "label" not in columns:
        rank_zero_info(
            f"{file}: has no column 'label' (its first line names: {', '.join(columns)}), so its "
            "videos have no labels"
        )
    videos = _without_missing_words(videos)
    if any(video.label for video in videos):
        asked_for = [c for c in (group_column, name_column) if c not in OPTIONAL_COLUMNS]
        _require_columns(file, columns, asked_for, "name another column")
    return videos


def read_paths(file: Path) -> list[str]:
    """Read only the column ``path`` of a csv, which needs no other; labels are ignored.

    Args:
        file: The csv, with a header line; relative paths start from its folder.

    Raises:
        DataError: If the file is not a csv with a column ``path``, or lists no video.
    """
    paths = [path for path, _ in _rows_by_path(file)]
    if not paths:
        raise DataError(f"{file}: lists no video")
    return paths


def read_labels(file: Path) -> dict[str, str]:
    """Read the labels that a csv writes for paths, without those that are empty.

    Args:
        file: The csv, as of `read_paths`.

    Raises:
        DataError: If the file is not a csv with a column ``path``, or a path has two labels.
    """
    labels: dict[str, str] = {}
    for path, row in _rows_by_path(file, "label"):
        label = row.values.get("label", "").strip()
        if label and labels.setdefault(path, label) != label:
            raise DataError(f"{row.where}: {path} has two labels, {labels[path]!r} and {label!r}")
    return labels


def _rows_by_path(file: Path, *others: str) -> Iterator[tuple[str, CsvRow]]:
    """Yield the path that each row names, from the csv's folder, and the row."""
    prefix = str(file.parent / "x")[:-1]
    for row in read_table(file, ["path", *others]).rows:
        yield _path(row, file.parent, prefix), row


def _numbered_lines(file: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the values of each line with its number."""
    try:
        for values in reader:
            yield reader.line_num, values
    except csv.Error as error:
        raise DataError(f"{file}, line {reader.line_num}: is not csv ({error})") from None


def _rows(
    file: Path,
    lines: Iterator[tuple[int, list[str]]],
    columns: Sequence[str],
    wanted: Sequence[str],
) -> Iterator[CsvRow]:
    last = 1
    for number, values in lines:
        if any(map(str.strip, values)):
            row = _row(file, number, columns, values)
            if number > last + 1:
                _refuse_line_breaks(row, wanted)
            yield row
        last = number


def _read_text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return stream.read()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}); check its path") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: is not UTF-8 ({error.reason}); save it as UTF-8") from None


def _delimiter(text: str) -> str:
    """Return the first delimiter by which the header names a column ``path``."""
    header = re.split("[\r\n]", text[:LONGEST_HEADER], maxsplit=1)[:1]
    for delimiter in DELIMITERS:
        for columns in csv.reader(header, delimiter=delimiter, skipinitialspace=True):
            if "path" in map(_simplified, columns):
                return delimiter
    return ","


def _name_columns(file: Path, header: Sequence[str], wanted: Sequence[str]) -> list[str]:
    columns = [column.strip() for column in header]
    for name in dict.fromkeys(wanted):
        places = [place for place, column in enumerate(columns) if column == name] or [
            place
            for place, column in enumerate(columns)
            if _simplified(column) == _simplified(name) and column not in wanted
        ]
        if len(places) > 1:
            raise DataError(f"{file}: two columns are named {name!r}; rename one")
        if places:
            columns[places[0]] = name
    _require_columns(file, columns, ["path"], NAME_COLUMNS)
    return columns


def _row(file: Path, line: int, columns: Sequence[str], values: Sequence[str]) -> CsvRow:
    if len(values) > len(columns):
        raise DataError(f"{file}, line {line}: has too many values; quote those with commas")
    return CsvRow(file, line, dict(zip(columns, values, strict=False)))


def _refuse_line_breaks(row: CsvRow, wanted: Sequence[str]) -> None:
    for column in wanted:
        if re.search("[\r\n]", row.values.get(column, "").rstrip("\r\n")):
            raise DataError(
                f"{row.where}: the {column} starts on an earlier line; close its quotation mark"
            )


def _path(row: CsvRow, start: Path, prefix: str) -> str:
    """Return the path of a video; ``prefix`` is what ``start`` puts before an ordinary name."""
    value = row.values.get("path", "")
    name = value.strip()
    if not name:
        raise DataError(f"{row.where}: column 'path' is empty")
    if name != value and not (start / name).exists() and (start / value).exists():
        name = value  # blanks belong to the file's name
    if name.startswith("~/") or EMPTY_PART.search(name):
        return str(start / (os.path.expanduser(name) if name.startswith("~/") else name))
    return prefix + name  # the same, in a tenth of the time


def _present(row: CsvRow, column: str, what: str) -> str:
    """Strip a group or a name of a class, and refuse a program's word for a missing value."""
    value = row.values.get(column, "").strip()
    if value and value.casefold() in NOT_A_NUMBER:
        raise DataError(
            f"{row.where}: the {what} is {value!r}, which programs write for a missing value; "
            "leave it empty"
        )
    return value


def _split(row: CsvRow) -> str:
    value = row.values.get("split", "").strip()
    meant = SPLIT_WORDS.get(value.casefold(), ())
    if value and len(meant) != 1:
        raise DataError(f"{row.where}: split {value!r} is not one of {SPLITS}")
    return meant[0] if meant else ""


def _without_missing_words(videos: list[AnnotatedVideo]) -> list[AnnotatedVideo]:
    """Make labels such as ``nan`` among numbers empty: programs write them for missing ones.

    Raises:
        DataError: If the other labels are names: then it may be a name too.
    """
    unclear = [video for video in videos if video.label.casefold() in MISSING_WORDS]
    if not unclear:
        return videos
    for video in videos:
        is_name = video.label and not is_number(video.label)
        if is_name and video.label.casefold() not in MISSING_WORDS:
            raise DataError(
                f"{unclear[0].where}: label {unclear[0].label!r} may be a class or a missing "
                "label; give the class another name, or leave the label empty"
            )
    return [
        replace(video, label="") if video.label.casefold() in MISSING_WORDS else video
        for video in videos
    ]


def _require_columns(
    file: Path, columns: Sequence[str], wanted: Sequence[str], remedy: str
) -> None:
    for column in wanted:
        if column not in columns:
            raise DataError(
                f"{file}: has no column {column!r}; its first line names: {', '.join(columns)}; "
                f"{remedy}"
            )


def _simplified(column: str) -> str:
    return column.strip().casefold()
