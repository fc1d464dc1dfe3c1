"""Specification of official lists that were altered: understood, or refused by list and line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datamodules import HMDB51, UCF101, DataError, Kinetics400, SomethingSomethingV2
from datamodules.lists.list_files import read_lines
from datamodules.published import PublishedDataset
from tests.datamodules.layouts import write_lines

KINETICS = "label,youtube_id,time_start,time_end,split"
UCF = "HandstandPushups/v_HandStandPushups_g01_c01.avi"
HMDB = "a_hug_h_nm_np2_fr_goo_0.avi"


def something(root: Path, *rows: str) -> PublishedDataset:
    """Open Something-Something V2 with a training list of its own."""
    file = write_lines(root / "train_videofolder.txt", *rows)
    return SomethingSomethingV2(str(root), train_list=str(file), check_counts=False)


def kinetics(root: Path, *rows: str) -> PublishedDataset:
    """Open Kinetics-400 with a training list of its own."""
    file = write_lines(root / "train.csv", KINETICS, *rows)
    return Kinetics400(str(root), train_list=str(file), check_counts=False)


def ucf101(root: Path, *rows: str) -> PublishedDataset:
    """Open UCF101 with a training list of its own."""
    write_lines(root / "trainlist01.txt", *rows)
    return UCF101(str(root), check_counts=False)


def hmdb51(root: Path, *rows: str) -> PublishedDataset:
    """Open HMDB51 with a list of its own for class hug."""
    for name in HMDB51.class_names:
        own = rows if name == "hug" else (f"a_{name}_f_cm_np1_ba_bad_0.avi 0",)
        write_lines(root / f"{name}_test_split1.txt", *own)
    return HMDB51(str(root), check_counts=False)


OPEN: dict[str, tuple[Callable[..., PublishedDataset], str]] = {
    "something": (something, "7 54 19"),
    "kinetics": (kinetics, "abseiling,-_abcdef007,10,20,train"),
    "ucf101": (ucf101, f"{UCF} 37"),
    "hmdb51": (hmdb51, f"{HMDB} 1"),
}


def test_only_line_breaks_end_a_line(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes("a\u2028b.avi 1\r\n\nc\x0cd.avi 2\n".encode())
    assert read_lines(file) == [(1, "a\u2028b.avi 1"), (3, "c\x0cd.avi 2")]


@pytest.mark.parametrize("data_set", OPEN)
def test_a_video_that_is_listed_twice_is_refused_with_both_lines(
    data_set: str, tmp_path: Path
) -> None:
    make, row = OPEN[data_set]
    first = 2 if data_set == "kinetics" else 1
    with pytest.raises(DataError) as caught:
        make(tmp_path, row, row).annotations("train")
    message = str(caught.value)
    assert f", line {first + 1}: lists video " in message
    assert f", line {first}; download the list again" in message


@pytest.mark.parametrize("data_set", OPEN)
@pytest.mark.parametrize("form", ["{}\r", "{}  ", "  {}", "{}\n", "\n{}"])
def test_line_ends_blank_lines_and_outer_blanks_make_no_difference(
    form: str, data_set: str, tmp_path: Path
) -> None:
    make, row = OPEN[data_set]
    (tmp_path / "changed").mkdir()
    plain = make(tmp_path, row).annotations("train")
    changed = make(tmp_path / "changed", form.format(row)).annotations("train")
    assert changed.labels == plain.labels
    assert len(changed.paths) == 1


@pytest.mark.parametrize("data_set", OPEN)
def test_a_comment_is_refused_by_its_line(data_set: str, tmp_path: Path) -> None:
    make, row = OPEN[data_set]
    line = 3 if data_set == "kinetics" else 2
    with pytest.raises(DataError, match=rf", line {line}: "):
        make(tmp_path, row, "# my own").annotations("train")


@pytest.mark.parametrize(
    ("data_set", "row", "message"),
    [
        ("something", "7 54 174", "label 174 is outside 0..173; check .* counts labels from 0"),
        ("something", "7 54 -1", "is neither id;label nor"),
        ("ucf101", f"{UCF} 36", "label 36 is not that of HandstandPushups, 37 in classInd"),
        ("ucf101", f"{UCF} 0", "label 0 is not that of HandstandPushups"),
        ("hmdb51", f"{HMDB} 3", "is not of the form <file>.avi <0, 1 or 2>"),
        ("kinetics", "0,-_abcdef007,10,20,train", "'0' is none of the 400 classes"),
        ("kinetics", "nan,-_abcdef007,10,20,train", "'nan' is none of the 400 classes"),
    ],
)
def test_a_label_that_is_out_of_range_or_off_by_one_is_refused_by_its_line(
    data_set: str, row: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=rf", line \d: .*{message}"):
        OPEN[data_set][0](tmp_path, row).annotations("train")


@pytest.mark.parametrize("number", [None, "", "x", [7]])
def test_an_entry_of_a_json_list_without_a_number_is_refused(number: Any, tmp_path: Path) -> None:
    rows = [{"id": number, "label": "x", "template": "Holding [something]"}]
    with pytest.raises(DataError, match=r"entry 1: has the id .*, which is not a number"):
        something(tmp_path, json.dumps(rows)).annotations("train")


@pytest.mark.parametrize("row", ['abseiling,-_abcdef007,10,20,"train', '"abseiling,-_abcdef007,10'])
def test_an_open_quotation_mark_swallows_no_rows(row: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not csv"):
        kinetics(tmp_path, row, "zumba,-_abcdef008,10,20,train").annotations("train")


def test_json_of_endless_depth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not json"):
        something(tmp_path, "[" * 100_000).annotations("train")


def test_a_message_does_not_repeat_a_long_name_in_whole(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        something(tmp_path, f"7;{'x' * 5000}").annotations("train")
    assert len(str(caught.value)) < 500


def test_one_list_for_training_and_validation_is_refused(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "list.txt", "7 54 19", "8 54 19")
    data = SomethingSomethingV2(
        str(tmp_path),
        train_list=str(file),
        val_list=str(file),
        check_counts=False,
        index_dir=str(tmp_path / "index"),
    )
    with pytest.raises(DataError, match=r"/7\.webm: is in the lists of train and val, as are 2 "):
        data.prepare_data()
