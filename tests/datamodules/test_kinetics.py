"""Specification of Kinetics-400: every csv release, every tree, clips that went missing."""

import os
import warnings
from pathlib import Path
from typing import Any

import pytest

from datamodules import DataError, Kinetics400
from datamodules.lists.annotations import NO_LABEL
from tests.datamodules.layouts import (
    Make,
    frames_read,
    kinetics,
    kinetics_name,
    maker,
    places,
    write_clip,
    write_lines,
)

NAME = "-_abcdef007_000010_000020"
ROW = "-_abcdef007,10,20"
HEADER = "label,youtube_id,time_start,time_end,split"


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that opens a small Kinetics-400."""
    return maker(Kinetics400, tmp_path)


def write_list(root: Path, *rows: str, name: str = "val.csv", header: str = HEADER) -> Path:
    """Write a csv."""
    return write_lines(root / name, header, *(rows or (f"abseiling,{ROW},val",)))


def touch(root: Path, *files: str) -> None:
    """Make empty files."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()


def test_exactly_the_sampled_frames_are_read(make: Make, tmp_path: Path) -> None:
    data = make(kinetics(tmp_path, (1, 3, 5, 21, 64, 70)))
    short = {
        1: [0, 0, 0, 0],
        3: [0, 1, 2, 0],
        5: [0, 1, 2, 3],
        21: [0, 16, 11, 6],
        64: [0, 16, 32, 48],
    }
    trained = frames_read(data, "train")
    start = trained.pop(70)[0][0]
    assert 0 <= start <= 6
    assert trained == {length: [frames] for length, frames in short.items()}
    central = {length: [frames] for length, frames in {**short, 70: [3, 19, 35, 51]}.items()}
    assert frames_read(data, "validate") == central
    spread = {length: [frames] * 30 for length, frames in short.items()}
    starts = [clip * 6 // 9 for clip in range(10)]
    for stage in ("test", "predict"):
        tested = frames_read(data, stage)
        long = [[first, first + 16, first + 32, first + 48] for first in starts for _ in "lmr"]
        assert sorted(tested.pop(70)) == long
        assert tested == spread


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (f"{HEADER},is_cc", f'"air drumming",{ROW},val,0'),
        (HEADER, f'"air drumming",{ROW},validate'),
        ("label,youtube_id,time_start,time_end", f"air_drumming,{ROW}"),
        (HEADER, "air drumming,-_abcdef007,10.0,20.0,val"),
    ],
)
def test_every_release_s_columns_are_read(
    header: str, row: str, make: Make, tmp_path: Path
) -> None:
    write_list(tmp_path, row, header=header)
    touch(tmp_path, f"val/air drumming/{NAME}.mp4")
    data = make({"root": str(tmp_path)})
    annotations = data.annotations("val")
    assert places(annotations, data.root) == [f"val/air drumming/{NAME}.mp4"]
    assert annotations.labels == [1]


@pytest.mark.parametrize(
    "name", ["val.csv", "validate.csv", "annotations/kinetics_val.csv", "kinetics-400_val.csv"]
)
def test_lists_are_found_by_any_release_s_name(name: str, make: Make, tmp_path: Path) -> None:
    write_list(tmp_path, name=name)
    assert make({"root": str(tmp_path)}).annotations("val").labels == [0]


def test_a_stated_list_wins(make: Make, tmp_path: Path) -> None:
    write_list(tmp_path)
    stated = write_list(tmp_path, f"zumba,{ROW},val", name="mine.csv")
    assert make({"root": str(tmp_path)}, val_list=str(stated)).annotations("val").labels == [399]


def test_a_test_list_may_hide_its_labels(make: Make, tmp_path: Path) -> None:
    data = make({"root": str(tmp_path)})
    write_list(tmp_path, f"{ROW},test", name="test.csv", header=HEADER.removeprefix("label,"))
    assert data.annotations("test").labels == [NO_LABEL]
    write_list(tmp_path, f"zumba,{ROW},test", name="test.csv")
    assert data.annotations("test").labels == [399]


@pytest.mark.parametrize(
    "file",
    [
        "val/{}.mp4",
        "{}.mp4",
        "air drumming/{}.mp4",
        "val/air_drumming/{}.mp4",
        "val_256/air_drumming/{}.mp4",
        "videos_val/air_drumming/{}.mp4",
        "compress/val_256/air_drumming/{}.mkv",
        "compress/val_256/air_drumming/{}.webm",
        "train/{}.MP4",
    ],
)
def test_a_clip_is_found_in_any_tree(file: str, make: Make, tmp_path: Path) -> None:
    write_list(tmp_path)
    touch(tmp_path, file.format(NAME), file.format(f"._{NAME}"), file.format(NAME) + ".part")
    data = make({"root": str(tmp_path)})
    assert places(data.annotations("val"), data.root) == [file.format(NAME)]


def test_a_folder_of_frames_is_a_clip(make: Make, tmp_path: Path) -> None:
    write_list(tmp_path)
    write_clip(tmp_path / "rawframes_val" / "abseiling" / NAME, 3)
    assert frames_read(make({"root": str(tmp_path)}), "validate") == {3: [[0, 1, 2, 0]]}


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ("train/{}.mp4", "val/{}.mp4"),
        ("a/{}.mp4", "videos_val/abseiling/{}.mp4"),
        ("val/{}.mp4", "replacement/replacement_for_corrupted_k400/{}.mp4"),
    ],
)
def test_a_better_place_decides_between_two_files(
    worse: str, better: str, make: Make, tmp_path: Path
) -> None:
    write_list(tmp_path)
    touch(tmp_path, worse.format(NAME), better.format(NAME))
    data = make({"root": str(tmp_path)})
    assert places(data.annotations("val"), data.root) == [better.format(NAME)]


def test_two_files_for_one_clip_are_refused(make: Make, tmp_path: Path) -> None:
    write_list(tmp_path)
    first, second = f"val/a/{NAME}.mkv", f"val/b/{NAME}.mp4"
    touch(tmp_path, first, second, f"c/{NAME}.mp4")
    with pytest.raises(DataError) as caught:
        make({"root": str(tmp_path)}).annotations("val")
    assert str(caught.value).startswith(
        f"{tmp_path / first} and {tmp_path / second}: two files for one val video"
    )


def test_a_link_to_a_clip_is_not_a_second_file(make: Make, tmp_path: Path) -> None:
    write_list(tmp_path)
    touch(tmp_path, f"val/{NAME}.mp4")
    (tmp_path / "videos" / "val").mkdir(parents=True)
    (tmp_path / "videos" / "val" / f"{NAME}.mp4").symlink_to(tmp_path / "val" / f"{NAME}.mp4")
    data = make({"root": str(tmp_path)})
    assert places(data.annotations("val"), data.root) == [f"val/{NAME}.mp4"]


def test_the_tree_is_walked_once(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make(kinetics(tmp_path, (3, 4)))
    seen: list[str] = []
    scandir = os.scandir

    def look_and_note(folder: str | Path) -> Any:
        seen.append(os.fspath(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", look_and_note)
    data.prepare_data()
    data.setup("fit")
    tree = [folder for folder in seen if Path(folder).name != "index"]
    assert len(tree) > 3
    assert sorted(tree) == sorted(set(tree))


def test_missing_clips_are_counted_listed_and_left_out(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = kinetics(tmp_path, (3, 4, 5))
    gone = tmp_path / "val" / "air drumming" / f"{kinetics_name(101)}.mp4"
    gone.unlink()
    data = make(arguments)
    with caplog.at_level("INFO"):
        data.setup("validate")
    assert data.coverage["val"].as_dict() == {"n_listed": 3, "n_missing": 1, "n_skipped": 0}
    assert "val: 2 of 3 videos (1 missing)" in caplog.text
    listed = tmp_path / "index" / "kinetics400.val.missing.txt"
    assert listed.read_text() == f"{gone}\n"


def test_all_clips_missing_is_an_error(make: Make, tmp_path: Path) -> None:
    write_list(tmp_path)
    with pytest.raises(DataError, match="is missing, as are all videos of the list; check root"):
        make({"root": str(tmp_path)}).setup("validate")


def test_an_unreadable_clip_is_an_error(make: Make, tmp_path: Path) -> None:
    write_list(tmp_path)
    touch(tmp_path, f"val/{NAME}.mp4")
    with pytest.raises(DataError, match=f"^1 of 1 videos cannot be used: .*{NAME}.mp4: "):
        make({"root": str(tmp_path)}).setup("validate")


def test_the_papers_protocol_is_the_default(tmp_path: Path) -> None:
    data = Kinetics400(str(tmp_path))
    assert (data.test_split, data.predict_split) == ("val", "test")
    assert (data.flip_probability, data.protocol.name, data.min_frames) == (0.5, "10x3", 64)
    assert (data.report_name, data.num_classes) == ("kinetics400", 400)
    assert data.class_names == tuple(sorted(data.class_names))


def test_a_list_of_another_length_gives_a_warning(make: Make, tmp_path: Path) -> None:
    file = write_list(tmp_path)
    data = make({"root": str(tmp_path)}, check_counts=True)
    with pytest.warns(UserWarning, match=f"{file}: lists 1 val videos, the official list 19,906"):
        assert data.annotations("val").official_count == 19_906


def test_the_real_lists_have_the_official_lengths(
    make: Make, data_folder: Path, tmp_path: Path
) -> None:
    lists = data_folder / "annotations" / "kinetics400"
    data = make({"root": str(tmp_path), "annotations": str(lists)}, check_counts=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {split: data.annotations(split) for split in ("val", "test")}
    assert {split: len(part.paths) for split, part in found.items()} == {
        "val": 19_906,
        "test": 38_685,
    }
    assert set(found["val"].labels) == set(range(400))
    assert set(found["test"].labels) == {NO_LABEL}


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("path label", "a.mp4 0", "has no column youtube_id"),
        (HEADER, f"flying,{ROW},val", "line 2: 'flying' is none of the 400 classes"),
        (HEADER, f"zumba,{ROW},train", "line 2: is of split train, but this is the list of val"),
        (HEADER, "zumba,-_abcdef007,ten,20,val", "line 2: time_start 'ten' and time_end '20'"),
        (HEADER, "zumba,-_abcdef007", "line 2: time_start None and time_end None"),
        (HEADER.removeprefix("label,"), f"{ROW},val", "has no column label"),
        (HEADER, "", "lists no video"),
    ],
)
def test_a_list_that_cannot_be_used_is_named(
    header: str, row: str, message: str, make: Make, tmp_path: Path
) -> None:
    file = write_list(tmp_path, row, header=header)
    with pytest.raises(DataError) as caught:
        make({"root": str(tmp_path)}).annotations("val")
    assert str(caught.value).startswith(str(file))
    assert message in str(caught.value)
