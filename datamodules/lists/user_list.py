"""Reads a user's own list of videos: class folders, or a csv with path and label."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datamodules.errors import DataError
from datamodules.lists.splitting import SPLITS

VIDEO_SUFFIXES = {
    *(".3gp", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv"),
    *(".ts", ".webm", ".wmv"),
}
DEFAULTS = {"group", "name"}
"""Optional columns; any other group or name column was asked for and must exist."""


@dataclass(frozen=True)
class AnnotatedVideo:
    """One video of a user's list.

    Attributes:
        path: The video file or folder of frames.
        label: Its class as written; "" if unknown.
        group: Its group; all videos of a group go to the same split; "" if none is given.
        split: train, val or test; "" if none is given.
        name: A readable name of its class; "" if none is given.
        where: The line of the csv, or the file, for error messages.
    """

    path: str
    label: str
    group: str
    split: str
    name: str
    where: str


def read_class_folders(root: Path) -> list[AnnotatedVideo]:
    """Read ``root/<class>/<video>``, or ``root/<split>/<class>/<video>`` where splits exist.

    Raises:
        DataError: If the folder does not exist or holds no video.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; give a folder of class folders, or a csv")
    parts = {str(split): root / split for split in SPLITS if (root / split).is_dir()}
    folders = parts or {"": root}
    videos = [
        AnnotatedVideo(str(file), file.parent.name, "", split, "", str(file))
        for split, folder in folders.items()
        for file in sorted(folder.glob("*/*"))
        if file.suffix.lower() in VIDEO_SUFFIXES and not file.name.startswith(".")
    ]
    if not videos:
        raise DataError(f"{root}: holds no <class>/<video> file; known endings: {_endings()}")
    return videos


def read_csv(
    file: Path, root: Path | None, group_column: str, name_column: str
) -> list[AnnotatedVideo]:
    """Read a csv with columns ``path`` and ``label``, and perhaps group, ``split`` and name.

    Args:
        file: The csv, with a header line.
        root: The folder that relative paths start from; None for the folder of the csv.
        group_column: The column of groups. It may be absent if it is the default one, or if no
            video has a label.
        name_column: The column of readable class names; it may be absent likewise.

    Raises:
        DataError: If the file or a column is missing, or a row lacks a value.
    """
    if not file.is_file():
        raise DataError(f"{file}: no such csv; give its path, or a folder of class folders")
    start = root or file.parent
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: is not UTF-8 ({error.reason}); save it as UTF-8") from None
    with io.StringIO(text, newline="") as stream:
        reader = csv.DictReader(stream)
        columns = reader.fieldnames or []
        _require_columns(file, columns, ["path", "label"])
        videos = [
            AnnotatedVideo(
                path=str(start / _value(row, "path", file, reader.line_num)),
                label=(row.get("label") or "").strip(),
                group=(row.get(group_column) or "").strip(),
                split=(row.get("split") or "").strip(),
                name=(row.get(name_column) or "").strip(),
                where=f"{file}, line {reader.line_num}",
            )
            for row in reader
        ]
    if not videos:
        raise DataError(f"{file}: lists no video")
    if any(video.label for video in videos):
        asked_for = [column for column in (group_column, name_column) if column not in DEFAULTS]
        _require_columns(file, columns, asked_for)
    for video in videos:
        if video.split not in ("", *SPLITS):
            raise DataError(f"{video.where}: split {video.split!r} is not one of {SPLITS}")
    return videos


def class_indices(
    videos: Sequence[AnnotatedVideo], num_classes: int | None
) -> tuple[list[int], tuple[str, ...]]:
    """Number the classes: integer labels keep their value, names are sorted, no label is -1.

    Args:
        videos: The list.
        num_classes: The number of classes that labels must fit; None to derive it from the list.

    Returns:
        The class index of each video, from 0, or -1, and the class names in order.

    Raises:
        DataError: If a label lies outside 0..num_classes-1, or a class has no video although
            ``num_classes`` is None.
    """
    labelled = [video for video in videos if video.label]
    if not labelled:
        if num_classes is None:
            raise DataError(
                f"{videos[0].where}: no video has a label, so the classes are not known; state "
                "data.num_classes, as many as the checkpoint has, to predict"
            )
        return [-1] * len(videos), tuple(map(str, range(num_classes)))
    if not all(re.fullmatch("-?[0-9]+", video.label) for video in labelled):
        names = tuple(sorted({video.label for video in labelled}))
        if num_classes not in (None, len(names)):
            raise DataError(
                f"{videos[0].where}: the list names {len(names)} classes, not {num_classes}"
            )
        return [names.index(video.label) if video.label else -1 for video in videos], names
    labels = [int(video.label) if video.label else -1 for video in videos]
    count = max(labels) + 1 if num_classes is None else num_classes
    for video, label in zip(videos, labels, strict=True):
        if video.label and not 0 <= label < count:
            raise DataError(
                f"{video.where}: label {label} lies outside 0..{count - 1}; labels count from 0"
            )
    absent = sorted(set(range(count)) - set(labels))
    if num_classes is None and absent:
        raise DataError(
            f"{videos[0].where}: no video has label {absent[0]}, though labels run to {count - 1}; "
            "number classes from 0 without gaps, or state num_classes"
        )
    known = {label: video.name for video, label in zip(videos, labels, strict=True) if video.name}
    return labels, tuple(known.get(index, str(index)) for index in range(count))


def _require_columns(file: Path, columns: Sequence[str], wanted: Sequence[str]) -> None:
    for column in wanted:
        if column not in columns:
            raise DataError(
                f"{file}: has no column {column!r}; its first line names: {', '.join(columns)}"
            )


def _value(row: dict[str, str], column: str, file: Path, line: int) -> str:
    if None in row:  # where csv puts what has no column
        raise DataError(f"{file}, line {line}: has too many values; quote those with commas")
    value = (row.get(column) or "").strip()
    if not value:
        raise DataError(f"{file}, line {line}: column {column!r} is empty")
    return value


def _endings() -> str:
    return " ".join(sorted(VIDEO_SUFFIXES))
