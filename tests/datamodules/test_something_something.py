"""Specification of Something-Something V1 and V2: official and TSM lists, frames, hidden labels."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from datamodules import DataError, SomethingSomethingV1, SomethingSomethingV2
from datamodules.clips.mirroring import mirrored_labels
from datamodules.lists.annotations import NO_LABEL
from datamodules.lists.splitting import SPLITS
from datamodules.published import PublishedDataset
from tests.datamodules.layouts import (
    CLASSES,
    V1_LIST,
    V2_LIST,
    Make,
    frames_read,
    maker,
    places,
    something_v1,
    something_v2,
    v2_rows,
    write_clip,
    write_images,
    write_lines,
)

HOLDING, BENDING = 16, 3
WITH_COMMA = (
    "Putting something that cannot actually stand upright upright on the table, so it falls "
)
WITH_COMMA += "on its side"


@pytest.fixture
def v1(tmp_path: Path) -> Make:
    """Return a function that opens a small V1."""
    return maker(SomethingSomethingV1, tmp_path)


@pytest.fixture
def v2(tmp_path: Path) -> Make:
    """Return a function that opens a small V2."""
    return maker(SomethingSomethingV2, tmp_path)


def with_videos(root: Path, *names: str) -> dict[str, Any]:
    """Make a root with empty files, for tests that only look at lists."""
    (root / "videos").mkdir(parents=True)
    for name in names:
        (root / "videos" / name).touch()
    return {"root": str(root / "videos"), "annotations": str(root)}


@pytest.mark.parametrize(
    ("write", "data_set"),
    [(something_v1, SomethingSomethingV1), (something_v2, SomethingSomethingV2)],
)
def test_exactly_the_sampled_frames_are_read(
    write: Any, data_set: type[PublishedDataset], tmp_path: Path
) -> None:
    data = maker(data_set, tmp_path)(write(tmp_path))
    short = {1: [[0, 0, 0, 0]], 3: [[0, 1, 1, 2]], 4: [[0, 1, 2, 3]]}
    for stage in ("validate", "test", "predict"):
        assert frames_read(data, stage) == {**short, 21: [[2, 7, 13, 18]]}
    trained = frames_read(data, "train")
    (long,) = trained.pop(21)
    assert trained == short
    assert all(k * 21 // 4 <= frame < (k + 1) * 21 // 4 for k, frame in enumerate(long))


@pytest.mark.parametrize(
    ("form", "first"), [("{:05d}.jpg", 1), ("{:06d}.jpg", 0), ("img_{:05d}.jpg", 1), ("{}.jpg", 3)]
)
@pytest.mark.parametrize("data_set", [SomethingSomethingV1, SomethingSomethingV2])
def test_frames_are_found_whatever_their_names(
    form: str, first: int, data_set: type[PublishedDataset], tmp_path: Path
) -> None:
    for number, length in (("7", 3), ("8", 13)):
        write_images(tmp_path / "frames" / number, length, form, first)
    write_lines(tmp_path / "val_videofolder.txt", "7 3 0", "8 13 1")
    arguments = {"root": str(tmp_path / "frames"), "annotations": str(tmp_path)}
    data = maker(data_set, tmp_path)(arguments)
    assert frames_read(data, "validate") == {3: [[0, 1, 1, 2]], 13: [[1, 4, 8, 11]]}


def test_v1_s_official_names_give_the_sorted_labels(v1: Make, tmp_path: Path) -> None:
    file = tmp_path / V1_LIST.format("train")
    write_lines(file, f"7;{CLASSES[0]}", f"9;{WITH_COMMA}", f"8;{CLASSES[1]}", newline="\r\n")
    annotations = v1(with_videos(tmp_path, "7.mp4", "8.mp4", "9.mp4")).annotations("train")
    assert annotations.labels == [HOLDING, 117, BENDING]
    assert [Path(path).name for path in annotations.paths] == ["7.mp4", "9.mp4", "8.mp4"]


def test_v1_and_v2_number_the_same_sorted_names() -> None:
    names = SomethingSomethingV1.class_names
    assert names == SomethingSomethingV2.class_names == tuple(sorted(names))
    assert len(names) == 174


@pytest.mark.parametrize(
    "names",
    [
        [V2_LIST.format(word) for word in ("train", "validation", "test")],
        ["train.json", "validation.json", "test.json"],
        ["labels/train.json", "labels/val.json", "labels/test.json"],
    ],
)
def test_v2_s_official_lists_are_found_by_either_name(
    names: list[str], v2: Make, tmp_path: Path
) -> None:
    arguments = with_videos(tmp_path, "7.webm", "8.webm")
    for split, name in zip(SPLITS, names, strict=True):
        write_lines(tmp_path / name, v2_rows(split, [8, 7]))
    data = v2(arguments)
    assert data.annotations("train").labels == data.annotations("val").labels == [HOLDING, BENDING]
    assert places(data.annotations("val"), data.root) == ["8.webm", "7.webm"]
    assert data.annotations("test").labels == [NO_LABEL] * 2


@pytest.mark.parametrize("prefix", ["", "something/v1/img/"])
@pytest.mark.parametrize("data_set", [SomethingSomethingV1, SomethingSomethingV2])
def test_tsm_s_lists_number_the_sorted_names(
    prefix: str, data_set: type[PublishedDataset], tmp_path: Path
) -> None:
    arguments = with_videos(tmp_path, "7.mp4", "8.mp4")
    write_lines(tmp_path / "train_videofolder.txt", f"{prefix}8 54 19", f"{prefix}7 51 141")
    annotations = maker(data_set, tmp_path)(arguments).annotations("train")
    assert [Path(path).name for path in annotations.paths] == ["8.mp4", "7.mp4"]
    assert annotations.labels == [19, 141]


def test_official_lists_are_preferred_and_stated_ones_win(v2: Make, tmp_path: Path) -> None:
    arguments = with_videos(tmp_path, "7.webm")
    write_lines(tmp_path / "val_videofolder.txt", "7 9 5")
    write_lines(tmp_path / "labels" / "validation.json", v2_rows("val", [7]))
    stated = write_lines(tmp_path / "mine.json", "7 9 6")
    assert v2(arguments).annotations("val").labels == [HOLDING]
    assert v2(arguments, val_list=str(stated)).annotations("val").labels == [6]


def test_the_content_tells_the_format(v2: Make, tmp_path: Path) -> None:
    arguments = with_videos(tmp_path, "7.webm")
    for content in (v2_rows("val", [7]), f"7;{CLASSES[0]}", "path/7 9 16", "\ufeff7;" + CLASSES[0]):
        file = write_lines(tmp_path / "list.txt", content)
        assert v2(arguments, val_list=str(file)).annotations("val").labels == [HOLDING]


@pytest.mark.parametrize("name", ["7.mp4", "7", "sorted/a/7.WEBM", "7.mkv"])
def test_v2_may_be_transcoded_or_extracted_or_sorted(name: str, v2: Make, tmp_path: Path) -> None:
    write_clip(tmp_path / "videos" / name.replace("WEBM", "webm"), 5)
    if name.endswith("WEBM"):
        (tmp_path / "videos/sorted/a/7.webm").rename(tmp_path / "videos" / name)
    write_lines(tmp_path / "validation.json", v2_rows("val", [7]))
    arguments = {"root": str(tmp_path / "videos"), "annotations": str(tmp_path)}
    assert frames_read(v2(arguments), "validate") == {5: [[0, 1, 3, 4]]}


def test_a_linked_folder_is_followed_and_a_circle_of_links_ends(v2: Make, tmp_path: Path) -> None:
    arguments = with_videos(tmp_path)
    write_clip(tmp_path / "elsewhere" / "7.webm", 5)
    (tmp_path / "videos" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "circle").symlink_to(tmp_path / "videos")
    write_lines(tmp_path / "validation.json", v2_rows("val", [7]))
    data = v2(arguments)
    assert places(data.annotations("val"), data.root) == ["linked/7.webm"]


def test_the_hidden_test_is_read_for_prediction_alone(v1: Make, tmp_path: Path) -> None:
    data = v1(something_v1(tmp_path, (5, 6)), test_split="test")
    data.setup("predict")
    (batch,) = data.predict_dataloader()
    assert batch["label"].tolist() == [NO_LABEL] * 2
    with pytest.raises(DataError, match="has no label; only predict"):
        data.setup("test")


def test_tsm_s_zeros_in_the_test_list_are_no_labels(v2: Make, tmp_path: Path) -> None:
    arguments = with_videos(tmp_path, "7.webm", "8.webm")
    write_lines(tmp_path / "test_videofolder.txt", "7 9 0", "8 9 0")
    assert v2(arguments).annotations("test").labels == [NO_LABEL] * 2


def test_answers_are_joined_by_number(v2: Make, tmp_path: Path) -> None:
    arguments = with_videos(tmp_path, "7.webm", "8.webm")
    write_lines(tmp_path / "test.json", v2_rows("test", [7, 8]))
    answers = write_lines(tmp_path / "test-answers.csv", f"8;{CLASSES[1]}", f"7;{WITH_COMMA}")
    annotations = v2(arguments, test_answers=str(answers)).annotations("test")
    assert annotations.labels == [117, BENDING]


def test_a_missing_answer_is_named(v2: Make, tmp_path: Path) -> None:
    arguments = with_videos(tmp_path, "7.webm")
    file = write_lines(tmp_path / "test.json", v2_rows("test", [7]))
    answers = write_lines(tmp_path / "test-answers.csv", f"8;{CLASSES[1]}")
    with pytest.raises(DataError) as caught:
        v2(arguments, test_answers=str(answers)).annotations("test")
    assert str(caught.value).startswith(f"{answers}: has no label for video 7 of {file}")


@pytest.mark.parametrize("data_set", [SomethingSomethingV1, SomethingSomethingV2])
def test_the_papers_protocol_is_the_default(
    data_set: type[PublishedDataset], tmp_path: Path
) -> None:
    data = data_set(str(tmp_path))
    assert (data.test_split, data.predict_split) == ("val", "test")
    assert (data.flip_probability, data.protocol.name, data.min_frames) == (0.0, "1x1", 8)
    assert data.report_name == f"something-something-v{data_set.__name__[-1]}"


@pytest.mark.parametrize("data_set", [SomethingSomethingV1, SomethingSomethingV2])
def test_left_and_right_swap_by_name_and_nothing_else_does(
    data_set: type[PublishedDataset],
) -> None:
    mirrored = mirrored_labels(data_set.class_names, data_set.flip_invariant_classes)
    swapped = {label: image for label, image in enumerate(mirrored) if label != image}
    assert swapped == {86: 87, 87: 86, 93: 94, 94: 93, 166: 167, 167: 166}
    upright = [n for n, name in enumerate(data_set.class_names) if "upright" in name]
    assert upright == [21, 117, 119]
    assert all(name in data_set.class_names for name in data_set.flip_invariant_classes)


@pytest.mark.parametrize(("flip_probability", "label"), [(0.0, 86), (1.0, 87)])
def test_mirrored_training_videos_swap_labels(
    flip_probability: float, label: int, v2: Make, tmp_path: Path
) -> None:
    for video, split in (("7", "train"), ("8", "val")):
        write_clip(tmp_path / f"{video}.webm", 5)
        write_lines(tmp_path / f"{split}_videofolder.txt", f"{video} 5 86")
    data = v2({"root": str(tmp_path)}, flip_probability=flip_probability)
    data.setup("fit")
    assert [batch["label"].tolist() for batch in data.train_dataloader()] == [[label]]
    assert data.records["val"].labels.tolist() == [86]


def test_a_list_of_another_length_is_refused(v2: Make, tmp_path: Path) -> None:
    arguments = with_videos(tmp_path, "7.webm")
    file = write_lines(tmp_path / "val_videofolder.txt", "7 5 86")
    with pytest.raises(DataError) as caught:
        v2(arguments, check_counts=True).annotations("val")
    assert str(caught.value) == (
        f"{file}: lists 1 val videos, the official list 24,777; set check_counts to false to use "
        "it anyway"
    )


def test_the_real_lists_have_the_official_lengths(
    v2: Make, data_folder: Path, tmp_path: Path
) -> None:
    lists = data_folder / "annotations" / "something_v2"
    data = v2({"root": str(tmp_path), "annotations": str(lists)}, check_counts=True)
    found = {"train": data.annotations("train"), "val": data.annotations("val")}
    assert {split: len(part.paths) for split, part in found.items()} == {
        "train": 168_913,
        "val": 24_777,
    }
    for part in found.values():
        assert part.official_count == len(part.paths)
        assert set(part.labels) == set(range(174))
    assert (lists / "category.txt").read_text().splitlines() == list(data.class_names)


def test_a_missing_video_is_named(v1: Make, tmp_path: Path) -> None:
    arguments = something_v1(tmp_path, (5, 6))
    shutil.rmtree(Path(arguments["root"]) / "101")
    with pytest.raises(DataError, match=re.escape(f"{arguments['root']}/101: no such file")):
        v1(arguments).load_records("train")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("7;Flying", "line 1: 'Flying' is none of the 174 classes"),
        ("7 5 0\n8 5 174", "line 2: label 174 is outside 0..173"),
        ("7,Holding something", "line 1: '7,Holding something' is neither id;label nor"),
        ("7 5 0\n7 5 0", "line 2: lists video 7 again"),
        ("7\n8", "has videos without label"),
        ("", "lists no video"),
        ("[]", "lists no video"),
        ("[{", "is not json"),
        ('{"Holding something": "0"}', "is not a list of videos; is it the file of the labels?"),
        ('[{"id": "7", "label": "holding a cup"}]', "entry 1: needs id, and label with template"),
        ('[{"id": "7", "label": "x", "template": "[x]"}]', "entry 1: 'x' is none of the 174"),
    ],
)
def test_a_list_that_cannot_be_used_is_named(
    content: str, message: str, v2: Make, tmp_path: Path
) -> None:
    file = write_lines(tmp_path / "list", content)
    with pytest.raises(DataError) as caught:
        v2(with_videos(tmp_path), val_list=str(file)).annotations("val")
    assert str(caught.value).startswith(f"{file}")
    assert message in str(caught.value)


def test_a_list_that_cannot_be_read_is_named(v2: Make, tmp_path: Path) -> None:
    arguments = with_videos(tmp_path)
    (tmp_path / "latin").write_bytes(b"\xff\xfe7")
    for name, reason in (("latin", "is not UTF-8 text"), ("nowhere", "cannot be read")):
        with pytest.raises(DataError, match=f"^{tmp_path / name}: {reason}"):
            v2(arguments, val_list=str(tmp_path / name)).annotations("val")


def test_missing_folders_and_lists_are_named(v2: Make, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"^{tmp_path}/a: no such folder; root must"):
        v2({"root": f"{tmp_path}/a"})
    with pytest.raises(DataError, match=f"^{tmp_path}/b: no such folder; annotations must"):
        v2({"root": str(tmp_path), "annotations": f"{tmp_path}/b"})
    with pytest.raises(DataError, match=f"^{tmp_path}: holds none of something-something-v2-tr"):
        v2({"root": str(tmp_path)}).annotations("train")


def test_two_copies_of_one_video_are_refused(v2: Make, tmp_path: Path) -> None:
    write_lines(tmp_path / "val_videofolder.txt", "7 5 86")
    with pytest.raises(DataError) as caught:
        v2(with_videos(tmp_path, "7.webm", "7.mp4")).annotations("val")
    videos = tmp_path / "videos"
    assert str(caught.value).startswith(f"{videos}/7.mp4 and {videos}/7.webm: two files for one")
