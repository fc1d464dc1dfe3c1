"""Numbers the classes of a user's own list."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from pytorch_lightning.utilities import rank_zero_info

from datamodules.errors import DataError
from datamodules.lists.spelling import find_two_spellings
from datamodules.lists.user_list import AnnotatedVideo

_NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.][0-9]+)(e[+-]?[0-9]{1,3})?", re.IGNORECASE)
MAX_LABEL = 10**6
"""Larger numbers are ids rather than classes; they are refused before a list of names is made."""


def is_number(label: str) -> bool:
    """Whether a label is written as a number: ``7``, ``07``, ``7.0`` or ``7e0``."""
    return _NUMBER.fullmatch(label) is not None


def class_indices(
    videos: Sequence[AnnotatedVideo], num_classes: int | None
) -> tuple[list[int], tuple[str, ...]]:
    """Number the classes: integer labels keep their value, names are sorted, no label is -1.

    Integers may be written as pandas writes them beside missing labels: ``1.0``.

    Args:
        videos: The list.
        num_classes: The number of classes that labels must fit; None to derive it from the list.

    Returns:
        The class index of each video, from 0, or -1, and the class names in order.

    Raises:
        DataError: If a number is not an integer in 0..num_classes-1, a class has no video
            although ``num_classes`` is None, two names may mean the same class, or two labels have
            the same name.
    """
    labelled = [video for video in videos if video.label]
    if not labelled:
        if num_classes is None:
            raise DataError(
                f"{videos[0].where}: no video has a label (column 'label'), so the classes are not "
                "known; write labels, or, to predict, set data.num_classes to the checkpoint's "
                "number of classes"
            )
        return [-1] * len(videos), tuple(map(str, range(num_classes)))
    other = next((video for video in labelled if not is_number(video.label)), None)
    if other is None:
        return _numbered(videos, num_classes)
    number = next((video for video in labelled if is_number(video.label)), None)
    if number is not None:
        rank_zero_info(
            f"{other.where}: label {other.label!r} is not a number, so all labels are names, "
            f"{number.label!r} too"
        )
    return _named(videos, labelled, num_classes)


def _named(
    videos: Sequence[AnnotatedVideo], labelled: Sequence[AnnotatedVideo], num_classes: int | None
) -> tuple[list[int], tuple[str, ...]]:
    if alike := find_two_spellings(labelled, "label"):
        one, two = alike
        raise DataError(
            f"{one.where} and {two.where}: classes {one.label!r} and {two.label!r} differ only in "
            "case, blanks, underscores or Unicode form; write one of them"
        )
    names = tuple(sorted({video.label for video in labelled}))
    if num_classes not in (None, len(names)):
        raise DataError(
            f"{videos[0].where}: the list names {len(names)} classes, not {num_classes}"
        )
    numbers = {name: number for number, name in enumerate(names)}
    return [numbers.get(video.label, -1) for video in videos], names


def _numbered(
    videos: Sequence[AnnotatedVideo], num_classes: int | None
) -> tuple[list[int], tuple[str, ...]]:
    labels = [_whole_number(video) if video.label else -1 for video in videos]
    count = max(labels) + 1 if num_classes is None else num_classes
    for video, label in zip(videos, labels, strict=True):
        if video.label and not 0 <= label < count:
            raise DataError(
                f"{video.where}: label {video.label} is outside 0..{count - 1}; labels count "
                "from 0, and an unknown label is left empty"
            )
    met = set(labels)
    absent = next((label for label in range(count) if label not in met), None)
    if num_classes is None and absent is not None:
        raise DataError(
            f"{videos[0].where}: no video has label {absent}, but labels go up to {count - 1}; "
            "number classes from 0 without gaps, or set num_classes"
        )
    known: dict[int, AnnotatedVideo] = {}
    for video, label in zip(videos, labels, strict=True):
        if video.name and label >= 0:
            first = known.setdefault(label, video)
            if first.name != video.name:
                raise DataError(
                    f"{first.where} and {video.where}: label {label} has two names, "
                    f"{first.name!r} and {video.name!r}; write one, or rename the column if it "
                    "does not name classes"
                )
    names = tuple(known[index].name if index in known else str(index) for index in range(count))
    _refuse_shared_name(names, known)
    return labels, names


def _refuse_shared_name(names: Sequence[str], known: Mapping[int, AnnotatedVideo]) -> None:
    """Refuse two labels of one name, which would be one class in scores by name.

    Args:
        names: Of all labels.
        known: Of each label that has a name, the first video.
    """
    first: dict[str, int] = {}
    for label, name in enumerate(names):
        other = first.setdefault(name, label)
        if other != label:
            lines = [known[index].where for index in (other, label) if index in known]
            raise DataError(
                f"{' and '.join(lines)}: labels {other} and {label} have the same name, {name!r}; "
                "give each class a name of its own, or both the same label (a label without a name "
                "is named by its number)"
            )


def _whole_number(video: AnnotatedVideo) -> int:
    number = Decimal(video.label.replace(",", "."))
    if abs(number) > MAX_LABEL:
        raise DataError(
            f"{video.where}: label {video.label[:30]} is too large; number the classes from 0"
        )
    if number != int(number):
        raise DataError(
            f"{video.where}: label {video.label} is not a whole number; number the classes from "
            "0, or write names"
        )
    return int(number)
