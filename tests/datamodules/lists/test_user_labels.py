"""Specification of `user_labels`: labels as written in, class indices and names out."""

import logging

import pytest

from datamodules.errors import DataError
from datamodules.lists.user_labels import class_indices
from datamodules.lists.user_list import AnnotatedVideo


def labelled(*labels: str) -> list[AnnotatedVideo]:
    """Make videos of the given labels, written in lines 2, 3, ..."""
    return [
        AnnotatedVideo("clip.mp4", label, "", "", "", f"list.csv, line {line}")
        for line, label in enumerate(labels, start=2)
    ]


def test_integer_labels_keep_their_value() -> None:
    assert class_indices(labelled("2", "0", "1", "2"), None) == ([2, 0, 1, 2], ("0", "1", "2"))


def test_class_names_are_numbered_in_alphabetical_order() -> None:
    labels, names = class_indices(labelled("run", "jump", "run"), None)
    assert (labels, names) == ([1, 0, 1], ("jump", "run"))


def test_the_name_column_names_numbered_classes() -> None:
    videos = [
        AnnotatedVideo("a.mp4", "1", "", "", "Run", ""),
        AnnotatedVideo("b.mp4", "0", "", "", "Jump", ""),
    ]
    assert class_indices(videos, None)[1] == ("Jump", "Run")


def test_classes_without_video_are_allowed_if_num_classes_is_stated() -> None:
    assert class_indices(labelled("0", "3"), 5) == ([0, 3], ("0", "1", "2", "3", "4"))


@pytest.mark.parametrize(("label", "num_classes"), [("-1", None), ("3", 3), ("-2", 3)])
def test_a_label_out_of_range_is_named_with_its_line(label: str, num_classes: int | None) -> None:
    with pytest.raises(DataError) as caught:
        class_indices(labelled("0", "1", "2", label), num_classes)
    assert str(caught.value).startswith(f"list.csv, line 5: label {label} is outside 0..2")


def test_a_gap_in_the_labels_is_refused() -> None:
    with pytest.raises(DataError, match="no video has label 1, but labels go up to 2"):
        class_indices(labelled("0", "2"), None)


def test_labels_that_count_from_1_are_refused() -> None:
    with pytest.raises(DataError, match="no video has label 0"):
        class_indices(labelled("1", "2", "3"), None)


def test_a_number_of_classes_that_does_not_fit_the_names_is_refused() -> None:
    with pytest.raises(DataError, match="the list names 2 classes, not 3"):
        class_indices(labelled("run", "jump"), 3)


@pytest.mark.parametrize("label", ["--1", "\N{SUPERSCRIPT TWO}"])
def test_labels_that_only_look_like_numbers_are_names(label: str) -> None:
    assert class_indices(labelled("0", label), None)[1] == tuple(sorted(["0", label]))


def test_integers_may_be_written_as_pandas_writes_them_beside_missing_labels() -> None:
    written = [f"{number}.0" for number in range(12)]
    labels, names = class_indices(labelled(*written, ""), None)
    assert labels == [*range(12), -1]
    assert names == tuple(map(str, range(12)))


@pytest.mark.parametrize("label", ["1", "01", "+1", "1.", "1.0", "1.000", "1,0", "1e0", "1.0e+00"])
def test_an_integer_may_be_written_in_other_ways(label: str) -> None:
    assert class_indices(labelled("0", label), None) == ([0, 1], ("0", "1"))


@pytest.mark.parametrize("label", ["1.5", "0,5", ".25", "15e-1"])
def test_a_number_that_is_not_whole_is_refused_by_its_line(label: str) -> None:
    with pytest.raises(DataError, match=f"line 4: label {label} is not a whole number"):
        class_indices(labelled("0", "1", label), None)


@pytest.mark.parametrize("label", ["1000001", "-99999999999", "1e300", "9" * 5000])
def test_a_number_that_is_no_class_is_refused_at_once(label: str) -> None:
    for num_classes in (None, 3):
        with pytest.raises(DataError, match=r"line 3: label -?[0-9e]{1,30} is too large"):
            class_indices(labelled("0", label), num_classes)


def test_numbers_among_names_are_names_which_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        labels, names = class_indices(labelled("9", "A", "10"), None)
    assert (labels, names) == ([1, 2, 0], ("10", "9", "A"))
    assert "list.csv, line 3: label 'A' is not a number, so all labels are names" in caplog.text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Walk", "walk"),
        ("open door", "open_door"),
        ("open door", "open  door"),
        ("caf\u00e9", "cafe\u0301"),
        ("walk", "walk\u200b"),
    ],
)
def test_two_spellings_of_one_class_are_refused_with_both_lines(first: str, second: str) -> None:
    with pytest.raises(DataError) as caught:
        class_indices(labelled(first, "run", second), None)
    assert str(caught.value).startswith(
        f"list.csv, line 2 and list.csv, line 4: classes {first!r} and {second!r} differ only in"
    )


def test_two_names_of_one_label_are_refused_with_both_lines() -> None:
    videos = [
        AnnotatedVideo("a.mp4", "0", "", "", "Run", "line 2"),
        AnnotatedVideo("b.mp4", "0", "", "", "", "line 3"),
        AnnotatedVideo("c.mp4", "0", "", "", "Jump", "line 4"),
    ]
    with pytest.raises(
        DataError, match="line 2 and line 4: label 0 has two names, 'Run' and 'Jump'"
    ):
        class_indices(videos, None)


@pytest.mark.parametrize(("second", "lines"), [("Run", "line 2 and line 4"), ("", "line 2")])
def test_two_labels_of_one_name_are_refused_with_both_lines(second: str, lines: str) -> None:
    name = "Run" if second else "2"  # the name of label 2 if it has none
    videos = [
        AnnotatedVideo("a.mp4", "0", "", "", name, "line 2"),
        AnnotatedVideo("b.mp4", "1", "", "", "Jump", "line 3"),
        AnnotatedVideo("c.mp4", "2", "", "", second, "line 4"),
    ]
    told = f"^{lines}: labels 0 and 2 have the same name, '{name}'; give each class a name of its"
    with pytest.raises(DataError, match=told):
        class_indices(videos, None)
