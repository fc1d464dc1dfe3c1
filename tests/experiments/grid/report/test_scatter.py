"""Scatter plots: marks, error bars, axes, labels."""

from xml.etree import ElementTree

import pytest

from experiments.grid.report.scatter import Point, scatter

SVG = "{http://www.w3.org/2000/svg}"
POINTS = [Point(33, 47.4, "TEINet", ours=False), Point(33, 46.0, "TEINet", ours=True, spread=0.4)]


def draw(
    points: list[Point], *, log_x: bool = False, diagonal: bool = False
) -> ElementTree.Element:
    return ElementTree.fromstring(scatter(points, "t", "x", "y", log_x=log_x, diagonal=diagonal))


def texts(plot: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in plot.iter(f"{SVG}text")]


def marks(plot: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    """Find the marks of one kind; each is drawn by reference."""
    groups = [group for group in plot.iter(f"{SVG}g") if group.get("class") == kind]
    return [use for group in groups for use in group.iter(f"{SVG}use")]


def test_the_same_points_give_the_same_text() -> None:
    assert scatter(POINTS, "t", "x", "y") == scatter(POINTS, "t", "x", "y")


def test_our_marks_are_filled_and_the_papers_are_hollow() -> None:
    plot = draw(POINTS)
    (ours,), (papers,) = marks(plot, "ours"), marks(plot, "paper")
    assert "fill: #1f5fa8" in ours.attrib["style"]
    assert "fill: #ffffff" in papers.attrib["style"]
    assert ours.get("x") == papers.get("x")
    assert float(ours.attrib["y"]) > float(papers.attrib["y"])  # y grows downwards


def test_a_spread_is_a_vertical_bar_through_its_mark() -> None:
    plot = draw([POINTS[1]])
    (mark,) = marks(plot, "ours")
    paths = [path.attrib for path in plot.iter(f"{SVG}path") if "clip-path" in path.attrib]
    (bar,) = [path["d"].split() for path in paths if "stroke: #1f5fa8" in path["style"]]
    _, x0, low, _, x1, high = bar  # M x y L x y
    assert x0 == x1 == mark.get("x")
    assert (float(low) + float(high)) / 2 == pytest.approx(float(mark.attrib["y"]))
    assert float(low) > float(high)


@pytest.mark.parametrize("options", [{}, {"log_x": True}, {"diagonal": True}])
def test_a_single_point_can_be_drawn(options: dict[str, bool]) -> None:
    plot = draw([Point(33, 47.4, "A & <B> $x$", ours=True, spread=0.3)], **options)
    (mark,) = marks(plot, "ours")
    assert 0 < float(mark.attrib["x"]) < float(plot.attrib["viewBox"].split()[2])
    titles = [title.text for title in plot.iter(f"{SVG}title")]
    assert titles == ["t", "A & <B> $x$: 33, 47.4"]  # shown on hovering
    assert "A & <B> $x$" in texts(plot)


def test_ticks_are_round() -> None:
    points = [Point(25, 42, "a", ours=True), Point(2000, 52, "b", ours=True)]
    shown = texts(draw(points, log_x=True))
    assert [text for text in shown if text.isdigit()] == [
        *("20", "50", "100", "200", "500", "1000", "2000"),
        *("42", "44", "46", "48", "50", "52"),
    ]


def test_a_logarithmic_axis_spans_a_factor_of_two_and_has_ticks() -> None:
    shown = texts(draw([Point(33, 40, "", ours=True), Point(34, 50, "", ours=True)], log_x=True))
    assert shown[: shown.index("x")] == ["25", "30", "35", "40", "45"]


def test_equal_values_are_on_the_diagonal_of_equal_axes() -> None:
    points = [Point(10, 10, "a", ours=True), Point(40, 20, "b", ours=True)]
    shown = texts(draw(points, diagonal=True))
    numbers = [text for text in shown if text.isdigit()]
    assert numbers[: len(numbers) // 2] == numbers[len(numbers) // 2 :]


def test_each_mark_of_a_crowd_keeps_its_hint_and_most_their_label() -> None:
    points = [Point(1, 1, f"point {number}", ours=True) for number in range(80)]
    plot = draw(points)
    labels = [text for text in texts(plot) if text.startswith("point")]
    assert len(labels) == len(set(labels))
    assert 20 < len(labels) < 80
    hints = {title.text for title in plot.iter(f"{SVG}title")}
    assert {point.hint for point in points} <= hints
