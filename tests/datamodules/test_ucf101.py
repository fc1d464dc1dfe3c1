"""Specification of UCF101: official lists and splits, any copy of the videos, odd spellings."""

import re
from pathlib import Path

import pytest

from datamodules import UCF101, DataError
from datamodules.clips.mirroring import mirrored_labels
from datamodules.lists.splitting import SPLITS
from tests.datamodules.layouts import (
    Make,
    frames_read,
    maker,
    places,
    ucf101,
    write_clip,
    write_lines,
)

COUNTS = {1: (9_537, 3_783), 2: (9_586, 3_734), 3: (9_624, 3_696)}


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that opens a small UCF101."""
    return maker(UCF101, tmp_path)


def test_labels_count_from_0_in_the_order_of_class_ind(make: Make, data_folder: Path) -> None:
    lines = (data_folder / "annotations/ucf101/classInd.txt").read_text().splitlines()
    order = [line.split()[1] for line in lines if line.strip()]
    assert list(UCF101.class_names) == order
    assert len(order) == 101


def test_train_and_test_labels_come_from_the_class(make: Make, tmp_path: Path) -> None:
    data = make(ucf101(tmp_path, (5,)))
    label = UCF101.class_names.index("HandstandPushups")
    assert [data.annotations(split).labels for split in ("train", "val", "test")] == [[label]] * 3


@pytest.mark.parametrize(
    "file",
    [
        "UCF-101/HandstandPushups/v_HandStandPushups_g01_c01.avi",
        "UCF-101/HandstandPushups/v_HandstandPushups_g01_c01.avi",
        "HandStandPushups/v_HandStandPushups_g01_c01.mp4",
        "v_HandStandPushups_g01_c01.avi",
        "frames/v_HandstandPushups_g01_c01",
    ],
)
def test_any_copy_of_a_video_is_found(file: str, make: Make, tmp_path: Path) -> None:
    listed = "HandstandPushups/v_HandStandPushups_g01_c01.avi"
    write_lines(tmp_path / "ucfTrainTestlist" / "testlist01.txt", listed, newline="\r\n")
    write_clip(tmp_path / file, 5)
    data = make({"root": str(tmp_path)})
    assert places(data.annotations("test"), data.root) == [file]
    assert frames_read(data, "validate") == {5: [[0, 1, 3, 4]]}


def test_the_split_chooses_the_lists(make: Make, tmp_path: Path) -> None:
    arguments = ucf101(tmp_path, (5,))
    listed = "Archery/v_Archery_g01_c01.avi"
    write_lines(tmp_path / "ucfTrainTestlist" / "trainlist03.txt", f"{listed} 3")
    data = make(arguments, split=3)
    assert data.annotations("train").labels == [2]
    assert data.report_name == "ucf101-split3"
    with pytest.raises(DataError, match="holds none of testlist03"):
        data.annotations("test")
    with pytest.raises(DataError, match="split=4 must be 1, 2 or 3"):
        make(arguments, split=4)


def test_the_papers_protocol_is_the_default(tmp_path: Path) -> None:
    data = UCF101(str(tmp_path))
    assert (data.test_split, data.predict_split) == ("test", "test")
    assert (data.flip_probability, data.protocol.name, data.min_frames) == (0.5, "10x3", 8)
    assert data.report_name == "ucf101-split1"
    assert mirrored_labels(data.class_names) == list(range(101))


@pytest.mark.parametrize("split", [1, 2, 3])
def test_the_real_lists_have_the_official_lengths(
    split: int, make: Make, data_folder: Path, tmp_path: Path
) -> None:
    lists = data_folder / "annotations" / "ucf101"
    data = make({"root": str(tmp_path), "annotations": str(lists)}, split=split, check_counts=True)
    counts = COUNTS[split]
    for part in SPLITS:
        annotations = data.annotations(part)
        count = counts[0] if part == "train" else counts[1]
        assert len(annotations.paths) == annotations.official_count == count
        assert set(annotations.labels) == set(range(101))


def test_a_list_of_another_length_is_refused(make: Make, tmp_path: Path) -> None:
    data = make(ucf101(tmp_path, (5,)), check_counts=True)
    with pytest.raises(DataError, match="lists 1 train videos, the official list 9,537; set check"):
        data.annotations("train")


def test_a_missing_video_is_named(make: Make, tmp_path: Path) -> None:
    write_lines(tmp_path / "testlist01.txt", "Archery/v_Archery_g01_c01.avi")
    with pytest.raises(DataError, match=re.escape(f"{tmp_path}/Archery/v_Archery_g01_c01.avi: no")):
        make({"root": str(tmp_path)}).load_records("test")


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("trainlist01.txt", "Archery/v_Archery_g01_c01.avi", "is not of the form <Class>/<file>"),
        ("testlist01.txt", "v_Archery_g01_c01.avi", "is not of the form <Class>/<file>"),
        ("trainlist01.txt", "Archery/v_Archery_g01_c01.avi 2", "label 2 is not that of Archery, 3"),
        ("testlist01.txt", "Flying/v_Flying_g01_c01.avi", "'Flying' is none of the 101 classes"),
    ],
)
def test_a_list_that_cannot_be_used_is_named(
    name: str, line: str, message: str, make: Make, tmp_path: Path
) -> None:
    file = write_lines(tmp_path / name, line)
    with pytest.raises(DataError) as caught:
        make({"root": str(tmp_path)}).annotations("train" if "train" in name else "test")
    assert str(caught.value).startswith(f"{file}, line 1: ")
    assert message in str(caught.value)
