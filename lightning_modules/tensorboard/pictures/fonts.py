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
    return tuple(_file_of(name) for name in matplotlib.rcParams["font.family"])


def _file_of(family: str) -> str:
    """Give the file that matplotlib takes for a family: its regular face."""
    return str(findfont(FontProperties(family=[family])))


@cache
def _known(files: tuple[str, ...]) -> frozenset[str]:
    return frozenset(chr(code) for file in files for code in get_font(file).get_charmap())


@cache
def _installed() -> list[tuple[str, frozenset[str]]]:
    """List the installed families with their characters."""
    names = sorted({e.name for e in fontManager.ttflist if not e.name.startswith(NO_FONT)})
    return [(name, _known((_file_of(name),))) for name in names]
