"""Specification of `video_csv`: a user's csv in, one record per row out, or one clear line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from datamodules.errors import DataError
from datamodules.lists.user_labels import class_indices
from datamodules.lists.user_list import AnnotatedVideo
from datamodules.lists.video_csv import read_csv

WriteCsv = Callable[..., Path]


def read(file: Path, root: Path | None = None) -> list[AnnotatedVideo]:
    """Read a csv whose columns have their default names."""
    return read_csv(file, root, "group", "name")


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


@pytest.mark.parametrize("mark", ["\u2028", "\x85", "\x0c"])
def test_only_line_breaks_end_a_line(mark: str, write_csv: WriteCsv, tmp_path: Path) -> None:
    (video,) = read(write_csv("path,label", f"a{mark}b.mp4,0"))
    assert video.path == str(tmp_path / f"a{mark}b.mp4")


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
    assert str(caught.value).startswith(
        f"{file}: has no column '{column}'; its first line names: {present}; it must name"
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
    with pytest.raises(DataError, match=r"no video has a label, .* set data\.num_classes"):
        class_indices(read(write_csv("path,label", "a.mp4,")), None)


def test_a_split_of_another_name_is_named_with_its_line(write_csv: WriteCsv) -> None:
    file = write_csv("path,label,split", "a.mp4,0,train", "b.mp4,0,fold1")
    with pytest.raises(DataError) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}, line 3: split 'fold1' is not one of")


@pytest.mark.parametrize(
    "lines",
    [
        ("path, label", "a.mp4, 0", "b.mp4, 1"),
        (" Path ,LABEL", "a.mp4 , 0 ", "b.mp4,1"),
        ('"path","label"', '"a.mp4","0"', '"b.mp4","1"'),
        ('path, "label"', 'a.mp4, "0"', 'b.mp4, "1"'),
        ("path;label", "a.mp4;0", "b.mp4;1"),
        ("path\tlabel", "a.mp4\t0", "b.mp4\t1"),
        ("path|label", "a.mp4|0", "b.mp4|1"),
        ("\ufeffPath;Label", "a.mp4;0", "", "b.mp4;1", ";"),
        ("path,label\r", "a.mp4,0\r", "b.mp4,1\r", "\r"),
    ],
)
def test_blanks_case_quotes_and_delimiters_are_understood(
    lines: tuple[str, ...], write_csv: WriteCsv, tmp_path: Path
) -> None:
    videos = read(write_csv(*lines))
    assert [video.path for video in videos] == [str(tmp_path / "a.mp4"), str(tmp_path / "b.mp4")]
    assert [video.label for video in videos] == ["0", "1"]


def test_optional_columns_are_found_whatever_their_case(write_csv: WriteCsv) -> None:
    file = write_csv("Path,Label, Group,SPLIT,Name", "a.mp4,3,scene,train,Jump")
    (video,) = read(file)
    assert (video.group, video.split, video.name) == ("scene", "train", "Jump")


@pytest.mark.parametrize("header", ["path label", "a.mp4,0", "# my list"])
def test_a_header_that_is_not_understood_is_refused_with_the_remedy(
    header: str, write_csv: WriteCsv
) -> None:
    with pytest.raises(DataError, match="it must name path and label, with commas between them"):
        read(write_csv(header, "a.mp4,0"))


@pytest.mark.parametrize("header", ["path,label,label", "path,Label,LABEL", "path,path,label"])
def test_a_column_that_is_named_twice_is_refused(header: str, write_csv: WriteCsv) -> None:
    with pytest.raises(DataError, match="two columns are named"):
        read(write_csv(header, "a.mp4,0,1"))


def test_an_open_quotation_mark_swallows_no_rows(write_csv: WriteCsv) -> None:
    with pytest.raises(DataError, match=r"line 4: is not csv \(unexpected end of data\)"):
        read(write_csv("path,label", 'a.mp4,"0', "b.mp4,1", "c.mp4,1"))
    with pytest.raises(DataError, match="line 3: the label starts on an earlier line; close its"):
        read(write_csv("path,label", 'a.mp4,"0', 'b.mp4,1"', "c.mp4,1"))


def test_binary_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(b"path,label\0\n")
    with pytest.raises(DataError, match=r"list\.csv: is not text"):
        read(file)


@pytest.mark.parametrize("word", ["nan", "NaN", "None", "NULL", "<NA>", "N/A"])
def test_missing_labels_of_programs_are_missing_among_numbers(
    word: str, write_csv: WriteCsv
) -> None:
    videos = read(write_csv("path,label", "a.mp4,0.0", f"b.mp4,{word}", "c.mp4,1.0"))
    assert [video.label for video in videos] == ["0.0", "", "1.0"]


@pytest.mark.parametrize("word", ["nan", "None", "null", "NA"])
def test_a_missing_label_or_class_among_names_is_refused_by_its_line(
    word: str, write_csv: WriteCsv
) -> None:
    file = write_csv("path,label", "a.mp4,run", f"b.mp4,{word}")
    with pytest.raises(DataError) as caught:
        read(file)
    assert str(caught.value).startswith(
        f"{file}, line 3: label {word!r} may be a class or a missing label; give the class"
    )


def test_a_list_whose_labels_are_all_missing_has_none(write_csv: WriteCsv) -> None:
    assert [v.label for v in read(write_csv("path,label", "a.mp4,nan", "b.mp4,NaN"))] == ["", ""]


@pytest.mark.parametrize("column", ["group", "name"])
def test_missing_groups_and_names_of_programs_are_refused(column: str, write_csv: WriteCsv) -> None:
    with pytest.raises(DataError, match=rf"line 3: the {column} is 'nan', which programs write"):
        read(write_csv(f"path,label,{column}", "a.mp4,0,x", "b.mp4,0,nan"))


@pytest.mark.parametrize(("word", "split"), [("Train", "train"), ("validation", "val")])
def test_splits_may_have_other_usual_names(word: str, split: str, write_csv: WriteCsv) -> None:
    (video,) = read(write_csv("path,label,split", f"a.mp4,0,{word}"))
    assert video.split == split


def test_paths_keep_their_odd_characters(write_csv: WriteCsv, tmp_path: Path) -> None:
    names = ["-a.mp4", "a b.mp4", "a%20b.mp4", "a:b.mp4", " a .mp4", "~a.mp4", "#a.mp4", "a;b.mp4"]
    for name in names:
        (tmp_path / name).touch()
    videos = read(write_csv("path,label", *(f'"{name}",0' for name in names)))
    assert [video.path for video in videos] == [str(tmp_path / name) for name in names]


def test_paths_may_start_at_the_home_folder(
    write_csv: WriteCsv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    (video,) = read(write_csv("path,label", "~/a.mp4,0"), root=tmp_path)
    assert video.path == "/home/ada/a.mp4"
