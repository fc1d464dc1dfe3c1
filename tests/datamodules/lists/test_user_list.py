"""Specification of `user_list`: class folders or a csv in, one record per video out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from datamodules.errors import DataError
from datamodules.lists.user_list import (
    AnnotatedVideo,
    class_indices,
    read_class_folders,
    read_csv,
)

WriteCsv = Callable[..., Path]


def touch(root: Path, *names: str) -> None:
    """Make empty files below a folder."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def read(file: Path, root: Path | None = None) -> list[AnnotatedVideo]:
    """Read a csv whose columns have their default names."""
    return read_csv(file, root, "group", "name")


def labelled(*labels: str) -> list[AnnotatedVideo]:
    """Make videos of the given labels, written in lines 2, 3, ..."""
    return [
        AnnotatedVideo("clip.mp4", label, "", "", "", f"list.csv, line {line}")
        for line, label in enumerate(labels, start=2)
    ]


def test_a_folder_is_the_class_of_its_videos(tmp_path: Path) -> None:
    touch(tmp_path, "run/a.mp4", "run/b.avi", "jump/c.webm")
    assert [(Path(v.path).name, v.label, v.split) for v in read_class_folders(tmp_path)] == [
        ("c.webm", "jump", ""),
        ("a.mp4", "run", ""),
        ("b.avi", "run", ""),
    ]


def test_files_of_other_kinds_are_not_read(tmp_path: Path) -> None:
    touch(tmp_path, "run/a.mp4", "run/notes.txt", "run/a.jpg", "README.md", "loose.mp4")
    assert [Path(video.path).name for video in read_class_folders(tmp_path)] == ["a.mp4"]


def test_file_endings_may_be_upper_case(tmp_path: Path) -> None:
    touch(tmp_path, "run/A.MP4")
    assert [Path(video.path).name for video in read_class_folders(tmp_path)] == ["A.MP4"]


def test_folders_train_val_and_test_are_splits(tmp_path: Path) -> None:
    touch(tmp_path, "train/run/a.mp4", "val/run/b.mp4", "test/jump/c.mp4")
    assert {(v.label, v.split) for v in read_class_folders(tmp_path)} == {
        ("run", "train"),
        ("run", "val"),
        ("jump", "test"),
    }


def test_a_split_may_be_absent(tmp_path: Path) -> None:
    touch(tmp_path, "train/run/a.mp4", "test/run/b.mp4")
    assert [video.split for video in read_class_folders(tmp_path)] == ["train", "test"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_class_folders(tmp_path / "nowhere")
    assert str(caught.value).startswith(f"{tmp_path / 'nowhere'}: no such folder")


def test_a_folder_without_videos_is_named_with_known_endings(tmp_path: Path) -> None:
    touch(tmp_path, "run/a.txt")
    with pytest.raises(DataError) as caught:
        read_class_folders(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}: holds no <class>/<video> file")
    assert ".mp4" in str(caught.value)


def test_a_csv_gives_path_label_group_split_and_name(write_csv: WriteCsv) -> None:
    file = write_csv("path,label,group,split,name", "a.mp4,3,scene,train,Jump")
    (video,) = read(file)
    assert (video.label, video.group, video.split, video.name) == ("3", "scene", "train", "Jump")


def test_all_columns_except_path_and_label_are_optional(write_csv: WriteCsv) -> None:
    (video,) = read(write_csv("label,path", "run,a.mp4"))
    assert (video.label, video.group, video.split, video.name) == ("run", "", "", "")


def test_other_columns_can_be_groups_and_names(write_csv: WriteCsv) -> None:
    file = write_csv("path,label,person,title", "a.mp4,0,Ada,Jump")
    (video,) = read_csv(file, None, "person", "title")
    assert (video.group, video.name) == ("Ada", "Jump")


def test_relative_paths_start_from_the_folder_of_the_csv(
    write_csv: WriteCsv, tmp_path: Path
) -> None:
    (video,) = read(write_csv("path,label", "clips/a.mp4,0"))
    assert video.path == str(tmp_path / "clips" / "a.mp4")


def test_relative_paths_start_from_a_given_root(write_csv: WriteCsv) -> None:
    (video,) = read(write_csv("path,label", "a.mp4,0"), root=Path("/videos"))
    assert video.path == "/videos/a.mp4"


def test_absolute_paths_are_kept(write_csv: WriteCsv) -> None:
    (video,) = read(write_csv("path,label", "/elsewhere/a.mp4,0"), root=Path("/videos"))
    assert video.path == "/elsewhere/a.mp4"


def test_a_csv_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("path,label\na.mp4,0\n", encoding="utf-8-sig")
    assert [video.label for video in read(file)] == ["0"]


def test_quoted_paths_may_hold_commas(write_csv: WriteCsv, tmp_path: Path) -> None:
    (video,) = read(write_csv("path,label", '"a, b.mp4",0'))
    assert video.path == str(tmp_path / "a, b.mp4")


def test_a_missing_csv_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "nowhere.csv")
    assert str(caught.value).startswith(f"{tmp_path / 'nowhere.csv'}: no such csv")


@pytest.mark.parametrize(("header", "column"), [("path,class", "label"), ("file,label", "path")])
def test_a_missing_column_is_named_with_the_existing_ones(
    header: str, column: str, write_csv: WriteCsv
) -> None:
    file = write_csv(header, "a,b")
    with pytest.raises(DataError) as caught:
        read(file)
    present = header.replace(",", ", ")
    assert str(caught.value) == (
        f"{file}: has no column '{column}'; its first line names: {present}"
    )


@pytest.mark.parametrize("columns", [("person", "name"), ("group", "person")])
def test_a_group_or_name_column_that_is_asked_for_must_exist(
    columns: tuple[str, str], write_csv: WriteCsv
) -> None:
    with pytest.raises(DataError, match="has no column 'person'"):
        read_csv(write_csv("path,label", "a.mp4,0"), None, *columns)


def test_a_list_without_any_label_needs_no_column_asked_for(write_csv: WriteCsv) -> None:
    (video,) = read_csv(write_csv("path,label", "a.mp4,"), None, "person", "title")
    assert (video.label, video.group, video.name) == ("", "", "")


@pytest.mark.parametrize("lines", [("path,label",), ("",)])
def test_an_empty_csv_is_refused(lines: tuple[str, ...], write_csv: WriteCsv) -> None:
    file = write_csv(*lines)
    with pytest.raises(DataError) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}: ")


def test_an_empty_path_is_named_with_its_line(write_csv: WriteCsv) -> None:
    file = write_csv("path,label", "a.mp4,0", ",1")
    with pytest.raises(DataError) as caught:
        read(file)
    assert str(caught.value) == f"{file}, line 3: column 'path' is empty"


def test_a_row_with_too_many_values_is_named_with_its_line(write_csv: WriteCsv) -> None:
    file = write_csv("path,label", "a.mp4,0", "b, c.mp4,1")
    with pytest.raises(DataError, match="line 3: has too many values"):
        read(file)


def test_a_list_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes("path,label\ncafé.mp4,0".encode("latin-1"))
    with pytest.raises(DataError, match="is not UTF-8"):
        read(file)


@pytest.mark.parametrize("row", ["b.mp4, ", "b.mp4"])
def test_a_video_without_label_is_minus_one(row: str, write_csv: WriteCsv) -> None:
    videos = read(write_csv("path,label", "a.mp4,0", row))
    assert class_indices(videos, None) == ([0, -1], ("0",))


def test_a_list_without_any_label_is_refused(write_csv: WriteCsv) -> None:
    with pytest.raises(DataError, match=r"no video has a label, .* state data\.num_classes"):
        class_indices(read(write_csv("path,label", "a.mp4,")), None)


def test_a_split_of_another_name_is_named_with_its_line(write_csv: WriteCsv) -> None:
    file = write_csv("path,label,split", "a.mp4,0,train", "b.mp4,0,dev")
    with pytest.raises(DataError) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}, line 3: split 'dev' is not one of")


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
    assert str(caught.value).startswith(f"list.csv, line 5: label {label} lies outside 0..2")


def test_a_gap_in_the_labels_is_refused() -> None:
    with pytest.raises(DataError, match="no video has label 1, though labels run to 2"):
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
