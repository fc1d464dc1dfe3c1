"""Scatter plots: axes, ticks, places."""

from xml.etree import ElementTree

import pytest

from experiments.grid.report.svg import Axis, Point, scatter

CIRCLE = "{http://www.w3.org/2000/svg}circle"


def test_ticks_are_round_and_inside() -> None:
    assert Axis("", 41.3, 52.9, 0, 100).ticks() == [42.0, 44.0, 46.0, 48.0, 50.0, 52.0]
    assert Axis("", 25, 2000, 0, 100, logarithmic=True).ticks() == [50, 100, 200, 500, 1000, 2000]


def test_an_axis_places_its_ends_and_its_middle() -> None:
    assert [Axis("", 10, 20, 100, 0).place(v) for v in (10, 15, 20)] == [100, 50, 0]
    logarithmic = Axis("", 10, 1000, 0, 100, logarithmic=True)
    assert logarithmic.place(100) == pytest.approx(50)


@pytest.mark.parametrize("options", [{}, {"logarithmic_x": True}, {"diagonal": True}])
def test_a_single_point_can_be_drawn(options: dict[str, bool]) -> None:
    plot = scatter([Point(33, 47.4, "A & <B>", True, 0.3)], "t", "x", "y", **options)
    tree = ElementTree.fromstring(plot)
    (mark,) = tree.iter(CIRCLE)
    assert 0 < float(mark.attrib["cx"]) < 640
    assert "A & <B>: 33, 47.4" in [element.text for element in tree.iter()]


def test_labels_never_meet_and_the_last_to_find_no_place_is_left_to_hovering() -> None:
    plot = scatter([Point(1, 1, f"point {number}", True) for number in range(6)], "t", "x", "y")
    tree = ElementTree.fromstring(plot)
    labels = [e for e in tree.iter("{http://www.w3.org/2000/svg}text") if e.get("class") == "label"]
    assert len({(label.get("x"), label.get("y")) for label in labels}) == len(labels) == 4
    assert len(list(tree.iter(CIRCLE))) == 6
