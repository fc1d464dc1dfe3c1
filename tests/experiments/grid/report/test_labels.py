"""Labels find places that are free and near."""

from matplotlib.transforms import Bbox

from experiments.grid.report.labels import XY, Place, place_labels

FRAME = Bbox.from_extents(0, 0, 400, 300)
SIZE = (40.0, 10.0)


def around(mark: XY) -> Bbox:
    return Bbox([mark, mark]).padded(4)


def places_of(*marks: XY, frame: Bbox = FRAME) -> list[Place | None]:
    sizes = [SIZE] * len(marks)
    return place_labels(marks, sizes, [around(mark) for mark in marks], frame)


def test_a_single_label_is_right_of_its_mark_with_a_line_to_its_edge() -> None:
    (place,) = places_of((200, 150))
    assert place is not None
    assert tuple(place.box.extents) == (205, 145, 245, 155)
    assert place.line == ((200, 150), (205, 150))
    assert place.distance == 5


def test_a_label_at_the_edge_goes_to_the_other_side() -> None:
    (place,) = places_of((395, 150))
    assert place is not None
    assert place.box.x1 == 390


def test_crowded_labels_cover_neither_marks_nor_each_other() -> None:
    marks = [(200.0 + 9 * (number % 4), 150.0 + 9 * (number // 4)) for number in range(16)]
    boxes = [place.box for place in places_of(*marks) if place is not None]
    assert len(boxes) == 16
    for number, box in enumerate(boxes):
        assert not box.count_overlaps([around(mark) for mark in marks])
        assert not box.count_overlaps(boxes[:number])
        assert FRAME.contains(box.x0, box.y0)
        assert FRAME.contains(box.x1, box.y1)


def test_a_label_goes_further_away_rather_than_its_line_across_another_mark() -> None:
    thin = Bbox.from_extents(102, 90, 104, 101)  # between the first mark and the place beside it
    sizes, marks = [SIZE, SIZE], [(100.0, 100.0), (103.0, 95.0)]
    frame = Bbox.from_extents(92, 0, 400, 300)  # no room on the left
    place, _ = place_labels(marks, sizes, [around(marks[0]), thin], frame)
    assert place is not None
    assert (place.box.x0, place.box.y0) == (105, 105)


def test_a_label_without_a_free_place_is_left_out() -> None:
    assert places_of((20, 20), frame=Bbox.from_extents(0, 0, 39, 39)) == [None]
