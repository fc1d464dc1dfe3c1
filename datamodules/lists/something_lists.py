"""Reads the lists of Something-Something, official or TSM's; detects the format.

Official V1, csv without header: ``100218;Something falling like a feather or paper``; the test list
has the id alone. Official V2, json: objects with ``id``, ``label`` (free text), ``template`` (the
class, objects in brackets) and ``placeholders``; the test list has ``id`` alone. TSM (Lin et al.,
ICCV 2019): ``78687 54 19``, a folder with or without a path, its number of frames, and the index
of its class among the sorted class names.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from datamodules.errors import DataError
from datamodules.lists.annotations import NO_LABEL
from datamodules.lists.class_names import ClassIndices
from datamodules.lists.list_files import ListedOnce, read_lines, read_text

OFFICIAL_ROW = re.compile(r"(?P<id>\d+)(?:;(?P<name>.+))?")
TSM_ROW = re.compile(r"(?P<path>\S.*?)\s+\d+\s+(?P<label>\d+)")


def read_something_list(file: Path, classes: ClassIndices) -> dict[str, int]:
    """Read a list in any of the three formats.

    Args:
        file: The list.
        classes: The class names of the official lists, sorted, as TSM numbers them.

    Returns:
        The label of each video id; `NO_LABEL` where the list has none.

    Raises:
        DataError: If the list cannot be used.
    """
    text = read_text(file)
    rows = _json_rows if text.lstrip()[:1] in ("[", "{") else _text_rows
    labels: dict[str, int] = {}
    listed_once = ListedOnce()
    for place, video, label in rows(file, classes):
        listed_once.add(video, file, place)
        labels[video] = label
    if not labels:
        raise DataError(f"{file}: lists no video; download the list again")
    return labels


def _text_rows(file: Path, classes: ClassIndices) -> Iterator[tuple[str, str, int]]:
    for number, line in read_lines(file):
        place = f"line {number}"
        if row := OFFICIAL_ROW.fullmatch(line):
            name = row["name"]
            label = NO_LABEL if name is None else classes.find(name, file, place)
            yield place, row["id"], label
        elif row := TSM_ROW.fullmatch(line):
            label = int(row["label"])
            if label >= len(classes):
                raise DataError(
                    f"{file}, {place}: label {label} is outside 0..{len(classes) - 1}; check "
                    "that the list belongs to this data set and counts labels from 0"
                )
            yield place, PurePosixPath(row["path"]).stem, label
        else:
            raise DataError(
                f"{file}, {place}: {line[:60]!r} is neither id;label nor id nor path frames label"
            )


def _json_rows(file: Path, classes: ClassIndices) -> Iterator[tuple[str, str, int]]:
    try:
        rows: Any = json.loads(read_text(file))
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{file}: is not json ({error}); download the list again") from None
    if not isinstance(rows, list):
        raise DataError(f"{file}: is not a list of videos; is it the file of the labels?")
    for number, row in enumerate(rows, start=1):
        place = f"entry {number}"
        if not isinstance(row, dict) or ("label" in row) != ("template" in row):
            raise DataError(f"{file}, {place}: needs id, and label with template or neither")
        video = str(row.get("id", "")).strip()
        if not video.isdecimal():
            raise DataError(f"{file}, {place}: has the id {video[:60]!r}, which is not a number")
        label = NO_LABEL
        if "template" in row:
            name = str(row["template"]).replace("[", "").replace("]", "")
            label = classes.find(name, file, place)
        yield place, video, label
