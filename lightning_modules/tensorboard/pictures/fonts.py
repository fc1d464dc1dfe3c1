"""Finds installed fonts for characters that matplotlib's default font lacks, such as Chinese."""

import warnings
from functools import cache

import matplotlib
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from pytorch_lightning.utilities import rank_zero_warn

NO_FONT = "Last Resort"
"""matplotlib's font of boxes, which has a box for every character."""


@cache
def provide_glyphs(text: str) -> None:
    """Add installed fonts to ``font.family`` until they have all characters of a text.

    Characters that no font has are drawn as boxes, with one warning.

    Args:
        text: Such as a class name.
    """
    missing = {letter for letter in text if letter.isprintable()} - _known(_family_files())
    while missing:
        covered, family = max(((len(missing & glyphs), name) for name, glyphs in _installed()))
        if not covered:
            break
        matplotlib.rcParams["font.family"] = [*matplotlib.rcParams["font.family"], family]
        missing -= dict(_installed())[family]
    if missing:
        warnings.filterwarnings("ignore", ".*missing from font.*")
        rank_zero_warn(
            f"no installed font has {''.join(sorted(missing))!r} of {text!r}, so pictures show "
            "boxes; install one, such as Noto Sans CJK"
        )


def _family_files() -> tuple[str, ...]:
    families = matplotlib.rcParams["font.family"]
    return tuple(findfont(FontProperties(family=[name])) for name in families)


@cache
def _known(files: tuple[str, ...]) -> frozenset[str]:
    return frozenset(chr(code) for file in files for code in get_font(file).get_charmap())


@cache
def _installed() -> list[tuple[str, frozenset[str]]]:
    """List the installed families with their characters."""
    files = {e.name: e.fname for e in fontManager.ttflist if not e.name.startswith(NO_FONT)}
    return [(name, _known((file,))) for name, file in sorted(files.items())]
