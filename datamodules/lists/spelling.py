"""Finds names that differ only in spelling, but probably mean the same."""

import unicodedata
from collections.abc import Sequence
from typing import Literal

from datamodules.lists.user_list import AnnotatedVideo


def find_two_spellings(
    videos: Sequence[AnnotatedVideo], column: Literal["label", "group"]
) -> tuple[AnnotatedVideo, AnnotatedVideo] | None:
    """Find two videos whose classes or groups differ only in spelling.

    That is in case, blanks, underscores, Unicode form or invisible characters.
    """
    first: dict[str, AnnotatedVideo] = {}
    seen = {""}
    for video in videos:
        name = getattr(video, column)
        if name not in seen:
            seen.add(name)
            other = first.setdefault(_simplify(name), video)
            if getattr(other, column) != name:
                return other, video
    return None


def _simplify(name: str) -> str:
    letters = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    visible = "".join(letter for letter in letters if unicodedata.category(letter) != "Cf")
    return " ".join(visible.replace("_", " ").split())
