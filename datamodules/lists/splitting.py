"""Divides a list into train, val and test; the videos of a group stay together."""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from datamodules.errors import DataError

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
SPLIT_WORDS: dict[str, tuple[Split, ...]] = {
    **dict.fromkeys(("train", "training"), ("train",)),
    **dict.fromkeys(("val", "valid", "validate", "validation", "dev", "development"), ("val",)),
    **dict.fromkeys(("test", "testing"), ("test",)),
    **dict.fromkeys(("eval", "evaluation", "holdout"), ("val", "test")),
    **dict.fromkeys(("trainval", "traindev"), ("train", "val")),
}
"""Usual words for the splits, and the splits that each may mean."""
_WORDS = "|".join(sorted(SPLIT_WORDS, key=len, reverse=True))
_FILLERS = "(?:set|split|data|videos?|clips?|frames|rgb)*"
_SPLIT_NAME = re.compile(f"{_FILLERS}({_WORDS}){_FILLERS}")


def possible_splits(folder: str) -> tuple[Split, ...]:
    """Return the splits that a folder's name may mean, such as ``train_256`` or ``ValidationSet``.

    Case, digits and separators are ignored. Most names mean none; ``eval`` may mean two.
    """
    letters = re.sub(r"[\W\d_]", "", folder.casefold())
    found = _SPLIT_NAME.fullmatch(letters)
    return SPLIT_WORDS[found[1]] if found else ()


def split_by_groups(
    groups: Sequence[str], held_out: dict[Split, Sequence[str]], where: str
) -> NDArray[np.str_]:
    """Assign named groups to val and test, all others to train.

    Args:
        groups: The group of each video.
        held_out: The groups of ``val`` and of ``test``.
        where: The list, for error messages.

    Returns:
        The split of each video.

    Raises:
        DataError: If a named group does not occur, or is named for both splits.
    """
    assigned = np.full(len(groups), "train")
    column = np.asarray(groups, dtype=str)
    for split, names in held_out.items():
        for name in dict.fromkeys(map(str, names)):
            members = column == name
            if not members.any():
                known = ", ".join(sorted(set(groups))[:20])
                raise DataError(f"{where}: no video has {split} group {name!r}; groups: {known}")
            if (assigned[members] != "train").any():
                raise DataError(f"{where}: group {name!r} is named for two splits; keep one")
            assigned[members] = split
    return assigned


def split_at_random(
    groups: Sequence[str], fractions: dict[Split, float], seed: int, where: str
) -> NDArray[np.str_]:
    """Draw complete groups at random for val and test; a fraction above 0 gets at least one.

    Args:
        groups: The group of each video.
        fractions: Fractions of the groups for ``val`` and for ``test``, 0-1.
        seed: Seed of the random draw.
        where: The list, for error messages.

    Returns:
        The split of each video.

    Raises:
        DataError: If a fraction is outside 0-1 or nothing would be left for training.
    """
    names = np.array(sorted(set(groups)))
    if min(fractions.values()) < 0 or sum(fractions.values()) >= 1:
        raise DataError(
            f"{where}: fractions {fractions} must not be negative, and their sum must be below 1"
        )
    drawn = iter(np.random.default_rng(seed).permutation(names).tolist())
    counts = {
        split: max(1, round(fraction * len(names))) if fraction else 0
        for split, fraction in fractions.items()
    }
    if sum(counts.values()) >= len(names):
        raise DataError(
            f"{where}: fractions {fractions} of {len(names)} groups leave none for training; "
            "set other fractions, 0 for no such split"
        )
    held_out: dict[Split, Sequence[str]] = {
        split: [next(drawn) for _ in range(count)] for split, count in counts.items()
    }
    return split_by_groups(groups, held_out, where)
