"""Specification of HMDB51: official splits, any copy of the videos, odd names."""

from pathlib import Path

import pytest

from datamodules import HMDB51, DataError
from datamodules.clips.mirroring import mirrored_labels
from datamodules.lists.splitting import SPLITS
from tests.datamodules.layouts import (
    HMDB_NAME,
    Make,
    frames_read,
    hmdb51,
    maker,
    places,
    write_clip,
    write_lines,
)

HUG = 18
CODES = "hug_h_nm_np2_fr_goo_0"


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that opens a small HMDB51."""
    return maker(HMDB51, tmp_path)


def list_of_hug(root: Path, split: int = 1) -> Path:
    """Name the list that `hmdb51` fills."""
    return root / "testTrainMulti_7030_splits" / f"hug_test_split{split}.txt"


def test_1_is_training_2_is_test_0_is_neither(make: Make, tmp_path: Path) -> None:
    data = make(hmdb51(tmp_path, (5,)))
    folder = "hmdb51_org/hug"
    assert places(data.annotations("train"), data.root) == [f"{folder}/{HMDB_NAME.format(0)}.avi"]
    for split in ("val", "test"):
        annotations = data.annotations(split)
        assert places(annotations, data.root) == [f"{folder}/{HMDB_NAME.format(10)}.avi"]
        assert annotations.labels == [HUG]


def test_classes_are_sorted() -> None:
    assert HMDB51.class_names == tuple(sorted(HMDB51.class_names))
    assert (len(HMDB51.class_names), HMDB51.class_names[HUG]) == (51, "hug")


@pytest.mark.parametrize(
    "name",
    [
        f"-_FREE_HUGS_-_Abrazos_{CODES}",
        f"#122_{CODES}",
        f"a[1]_&_(2)_+;~@!_{CODES}",
    ],
)
@pytest.mark.parametrize("file", ["hug/{}.avi", "{}.avi", "videos/hug/{}.mp4", "frames/hug/{}"])
def test_any_copy_of_an_oddly_named_video_is_found(
    name: str, file: str, make: Make, tmp_path: Path
) -> None:
    arguments = hmdb51(tmp_path, ())
    write_lines(list_of_hug(tmp_path), f"{name}.avi 2 ")
    write_clip(tmp_path / file.format(name), 5)
    data = make(arguments)
    assert places(data.annotations("test"), data.root) == [file.format(name)]
    assert frames_read(data, "validate") == {5: [[0, 1, 3, 4]]}


def test_other_files_are_ignored(make: Make, tmp_path: Path) -> None:
    arguments = hmdb51(tmp_path, (5,))
    hugs = tmp_path / "hmdb51_org" / "hug"
    for name in (f"._{HMDB_NAME.format(0)}.avi", f"{HMDB_NAME.format(0)}.mat", "readme.avi"):
        (hugs / name).touch()
    write_lines(list_of_hug(tmp_path).parent / "class_list.txt", "hug")
    data = make(arguments)
    assert places(data.annotations("train"), data.root) == [
        f"hmdb51_org/hug/{HMDB_NAME.format(0)}.avi"
    ]
    assert list(frames_read(data, "train")) == [5]


def test_the_split_chooses_the_lists(make: Make, tmp_path: Path) -> None:
    arguments = hmdb51(tmp_path, (5,))
    data = make(arguments, split=2)
    assert data.report_name == "hmdb51-split2"
    with pytest.raises(DataError, match="holds none of brush_hair_test_split2"):
        data.annotations("test")


def test_a_missing_class_list_is_named(make: Make, tmp_path: Path) -> None:
    arguments = hmdb51(tmp_path, (5,))
    list_of_hug(tmp_path).unlink()
    with pytest.raises(DataError, match="holds none of hug_test_split1"):
        make(arguments).annotations("test")


def test_the_papers_protocol_is_the_default(tmp_path: Path) -> None:
    data = HMDB51(str(tmp_path))
    assert (data.test_split, data.predict_split) == ("test", "test")
    assert (data.flip_probability, data.protocol.name, data.min_frames) == (0.5, "10x3", 8)
    assert data.report_name == "hmdb51-split1"
    assert mirrored_labels(data.class_names) == list(range(51))


@pytest.mark.parametrize("split", [1, 2, 3])
def test_the_real_lists_have_the_official_lengths(
    split: int, make: Make, data_folder: Path, tmp_path: Path
) -> None:
    lists = data_folder / "annotations" / "hmdb51" / "testTrainMulti_7030_splits"
    data = make({"root": str(tmp_path), "annotations": str(lists)}, split=split, check_counts=True)
    for part in SPLITS:
        annotations = data.annotations(part)
        count = 3_570 if part == "train" else 1_530
        assert len(annotations.paths) == annotations.official_count == count
        assert set(annotations.labels) == set(range(51))


def test_a_list_of_another_length_is_refused(make: Make, tmp_path: Path) -> None:
    data = make(hmdb51(tmp_path, (5,)), check_counts=True)
    with pytest.raises(DataError) as caught:
        data.annotations("test")
    assert str(caught.value).startswith(f"{list_of_hug(tmp_path).parent}: lists 1 test videos")
    assert "1,530" in str(caught.value)


def test_a_missing_video_is_named(make: Make, tmp_path: Path) -> None:
    arguments = hmdb51(tmp_path, (5, 6))
    gone = tmp_path / "hmdb51_org" / "hug" / f"{HMDB_NAME.format(0)}.avi"
    gone.unlink()
    with pytest.raises(DataError) as caught:
        make(arguments).load_records("train")
    assert f"{tmp_path / 'hug' / gone.name}: no such file" in str(caught.value)


@pytest.mark.parametrize("line", ["clip.avi 3", "clip.avi", "clip 1"])
def test_a_line_that_cannot_be_used_is_named(line: str, make: Make, tmp_path: Path) -> None:
    arguments = hmdb51(tmp_path, ())
    write_lines(list_of_hug(tmp_path), line)
    with pytest.raises(DataError) as caught:
        make(arguments).annotations("test")
    assert str(caught.value).startswith(f"{list_of_hug(tmp_path)}, line 1: '{line}' is not")
