"""The texts of a rendering neither overlap nor leave their panel, also with long class names."""

import pytest
import torch
from matplotlib.figure import Figure

from experiments.inference.render import panels
from experiments.inference.render.layout import LANDSCAPE, PORTRAIT, Layout
from experiments.inference.render.panels import (
    COLOURS,
    Pixels,
    Timeline,
    choose_colours,
    draw_bars,
    draw_text,
)
from tests.lightning_modules.tensorboard.pictures.drawing import (
    LONG_NAMES,
    check_readable,
    names_of,
)


@pytest.fixture(autouse=True)
def readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check every panel that is drawn."""
    draw = panels.as_pixels

    def check(figure: Figure) -> Pixels:
        check_readable(figure)
        return draw(figure)

    monkeypatch.setattr(panels, "as_pixels", check)


@pytest.mark.parametrize("layout", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
@pytest.mark.parametrize("classes", [2, 400])
def test_panels_are_readable_and_have_their_size(layout: Layout, classes: int) -> None:
    shares = torch.linspace(2, 0, 3 * classes).view(3, classes).softmax(1)
    shares[0] = 0
    shares[0, 1] = 1  # "100 %" is the widest
    colours = choose_colours(shares)
    for row in shares:
        bars = draw_bars(layout.bars, LONG_NAMES[0], row, names_of(classes), colours)
        assert bars.shape == (layout.bars.height, layout.bars.width, 3)
    draw_text(layout.caption, LONG_NAMES[0])
    for end in (0.9, 7.25, 3600.0):
        edges = [0.0, end / 3, end / 2, end]
        timeline = Timeline(
            layout.timeline, edges, shares, names_of(classes), colours, [0.1 * end], "s"
        )
        assert timeline.picture.shape == (layout.timeline.height, layout.timeline.width, 3)


def test_the_playhead_moves_from_the_first_time_to_the_last() -> None:
    shares = torch.full((1, 2), 0.5)
    timeline = Timeline(
        LANDSCAPE.timeline, [2.0, 6.0], shares, ["a", "b"], choose_colours(shares), [], "s"
    )
    changed = [
        (timeline.at(time) != timeline.picture).any(2).any(0).nonzero()[0].mean()
        for time in (1.0, 2.0, 4.0, 6.0, 7.0)
    ]
    assert changed[0] == changed[1] < changed[2] < changed[3] == changed[4]


def test_the_classes_that_are_ever_most_probable_have_colours() -> None:
    shares = torch.rand(5, 20, generator=torch.Generator().manual_seed(0)).softmax(1)
    colours = choose_colours(shares)
    assert sorted(colours.values()) == sorted(COLOURS)
    assert int(shares.argmax()) % 20 in colours
