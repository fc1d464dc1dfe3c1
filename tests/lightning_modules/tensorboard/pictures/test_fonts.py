"""Characters that the default font lacks come from installed fonts, or are warned of once."""

from collections.abc import Iterator

import matplotlib
import pytest
from matplotlib.font_manager import FontProperties, findfont, get_font

from lightning_modules.tensorboard.pictures.figures import shorten
from lightning_modules.tensorboard.pictures.fonts import provide_glyphs


@pytest.fixture(autouse=True)
def same_fonts_afterwards() -> Iterator[None]:
    provide_glyphs.cache_clear()
    with matplotlib.rc_context({"font.family": ["DejaVu Sans"]}):
        yield


def letters_of(family: str) -> set[str]:
    """List the characters of an installed font."""
    charmap = get_font(findfont(FontProperties(family=[family]))).get_charmap()
    return {chr(code) for code in charmap}


def test_a_font_that_has_the_character_is_added() -> None:
    others = letters_of("STIXGeneral") - letters_of("DejaVu Sans")
    letter = min(letter for letter in others if letter.isprintable())
    shorten(f"class {letter}", 500)
    families = matplotlib.rcParams["font.family"]
    assert families[0] == "DejaVu Sans"
    assert any(letter in letters_of(family) for family in families[1:])


def test_names_that_the_default_font_has_change_nothing() -> None:
    shorten("Schlägerei, толкать, σύγκρουση $x_1$", 500)
    assert matplotlib.rcParams["font.family"] == ["DejaVu Sans"]


def test_a_character_that_no_font_has_is_one_warning(recwarn: pytest.WarningsRecorder) -> None:
    for _ in range(2):
        shorten("class \U00020000", 500)
    (warning,) = recwarn
    assert "no installed font has" in str(warning.message)
