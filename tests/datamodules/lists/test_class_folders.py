"""Specification of `class_folders`: a folder is a class; whatever is not read is counted."""

import logging
import os
from pathlib import Path

import pytest

from datamodules.errors import DataError
from datamodules.lists.class_folders import read_class_folders
from datamodules.lists.user_list import AnnotatedVideo


def touch(root: Path, *names: str) -> None:
    """Make empty files below a folder."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def read(root: Path) -> list[AnnotatedVideo]:
    """Read the videos of class folders."""
    return read_class_folders(root)[0]


def classes(root: Path) -> set[str]:
    """Read the names of the classes."""
    return {video.label for video in read(root)}


def ignored(root: Path) -> str:
    """Describe what is not read."""
    return str(read_class_folders(root)[1])


def test_a_folder_is_the_class_of_its_videos(tmp_path: Path) -> None:
    touch(tmp_path, "run/a.mp4", "run/b.avi", "jump/c.webm")
    assert [(Path(v.path).name, v.label, v.split) for v in read(tmp_path)] == [
        ("c.webm", "jump", ""),
        ("a.mp4", "run", ""),
        ("b.avi", "run", ""),
    ]


def test_files_of_other_kinds_are_not_read(tmp_path: Path) -> None:
    touch(tmp_path, "run/a.mp4", "run/notes.txt", "run/a.jpg", "README.md", "loose.mp4")
    assert [Path(video.path).name for video in read(tmp_path)] == ["a.mp4"]


def test_file_endings_may_be_upper_case(tmp_path: Path) -> None:
    touch(tmp_path, "run/A.MP4")
    assert [Path(video.path).name for video in read(tmp_path)] == ["A.MP4"]


def test_folders_train_val_and_test_are_splits(tmp_path: Path) -> None:
    touch(tmp_path, "train/run/a.mp4", "val/run/b.mp4", "test/jump/c.mp4")
    assert {(v.label, v.split) for v in read(tmp_path)} == {
        ("run", "train"),
        ("run", "val"),
        ("jump", "test"),
    }


def test_a_split_may_be_absent(tmp_path: Path) -> None:
    touch(tmp_path, "train/run/a.mp4", "test/run/b.mp4")
    assert [video.split for video in read(tmp_path)] == ["train", "test"]


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


@pytest.mark.parametrize(
    "name",
    [
        *(".ipynb_checkpoints", ".git", ".Trash-1000", "@eaDir", "__MACOSX", "$RECYCLE.BIN"),
        *("lost+found", "System Volume Information", "#recycle", "@Recycle", "__pycache__"),
    ],
)
def test_hidden_and_system_folders_are_no_classes(name: str, tmp_path: Path) -> None:
    touch(tmp_path, "run/a.mp4", "jump/b.mp4", f"{name}/c.mp4", f"run/{name}/d.mp4")
    assert classes(tmp_path) == {"run", "jump"}
    counted = f"ignored: 2 hidden or system folders ({name} 2)"
    assert ignored(tmp_path) == counted


def test_hidden_and_system_files_are_no_videos(tmp_path: Path) -> None:
    touch(tmp_path, "run/a.mp4", "run/._a.mp4", ".DS_Store", "run/Thumbs.db", "run/._b.mp4")
    assert [Path(video.path).name for video in read(tmp_path)] == ["a.mp4"]
    assert ignored(tmp_path) == ("ignored: 4 hidden or system files (._* 2, .DS_Store, Thumbs.db)")


def test_files_of_unknown_endings_are_counted_by_ending(tmp_path: Path) -> None:
    touch(tmp_path, "run/a.mp4", "run/b.xyz", "run/c.xyz", "run/d", "run/e.gif", "README.md")
    assert ignored(tmp_path) == ("ignored: 5 files of unknown endings (.xyz 2, .gif, .md, ...)")


@pytest.mark.parametrize("ending", ["MTS", "m2ts", "ts", "mpg", "wmv", "flv", "3gp", "ogv", "M4V"])
def test_endings_of_cameras_and_the_web_are_known(ending: str, tmp_path: Path) -> None:
    touch(tmp_path, f"run/a.{ending}")
    assert [Path(video.path).name for video in read(tmp_path)] == [f"a.{ending}"]
    assert ignored(tmp_path) == "nothing is ignored"


def test_videos_deeper_or_beside_class_folders_are_counted(tmp_path: Path) -> None:
    touch(tmp_path, "run/a.mp4", "run/p1/b.mp4", "run/p1/c.mp4", "run/p1/x/d.mp4", "loose.mp4")
    assert [Path(video.path).name for video in read(tmp_path)] == ["a.mp4"]
    assert ignored(tmp_path) == (
        "ignored: 3 videos deeper than <class>/<video> (run/p1 2, run/p1/x), "
        "1 video outside class folders (loose.mp4)"
    )


def test_class_folders_without_video_are_counted(tmp_path: Path) -> None:
    touch(tmp_path, "run/a.mp4", "jump/b.txt", "sit/p1/c.mp4")
    (tmp_path / "lie").mkdir()
    assert ignored(tmp_path).endswith("3 folders without a video (jump, lie, sit)")


def test_folders_of_images_are_counted(tmp_path: Path) -> None:
    touch(tmp_path, "run/a.mp4", "run/b/00001.jpg", "run/b/00002.jpg", "run/c/00001.png")
    assert ignored(tmp_path) == "ignored: 2 folders of images, for a csv to list (b, c)"


def test_a_folder_whose_videos_are_all_deeper_is_refused_with_their_number(tmp_path: Path) -> None:
    touch(tmp_path, "data/run/a.mp4", "data/jump/b.mp4")
    with pytest.raises(DataError, match=r"holds no <class>/<video> file; ignored: 2 videos dee"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (("training", "validation", "testing"), ["train", "val", "test"]),
        (("Train", "Val", "Test"), ["train", "val", "test"]),
        (("train_256", "valid", "test-set"), ["train", "val", "test"]),
        (("TrainVideos", "dev"), ["train", "val"]),
    ],
)
def test_folders_of_splits_may_have_other_usual_names(
    names: tuple[str, ...], splits: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path, *(f"{name}/run/{name}.mp4" for name in names))
    with caplog.at_level(logging.INFO):
        videos = read(tmp_path)
    assert [video.split for video in videos] == splits
    assert {video.label for video in videos} == {"run"}
    assert f"{names[0]} as train" in caplog.text


@pytest.mark.parametrize(
    ("name", "choices"),
    [("eval", "val or test"), ("holdout", "val or test"), ("trainval", "train")],
)
def test_a_folder_that_may_be_two_splits_is_refused(
    name: str, choices: str, tmp_path: Path
) -> None:
    touch(tmp_path, "train/run/a.mp4", f"{name}/run/b.mp4")
    with pytest.raises(DataError, match=f"{name}: may be the split {choices}"):
        read(tmp_path)


def test_two_folders_of_one_split_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "train/run/a.mp4", "val/run/b.mp4", "validation/run/c.mp4")
    with pytest.raises(
        DataError, match=r"/val and .*/validation: both are named like the split val"
    ):
        read(tmp_path)


@pytest.mark.parametrize("split", ["train", "Testing"])
def test_splits_beside_classes_are_refused(split: str, tmp_path: Path) -> None:
    touch(tmp_path, f"{split}/run/a.mp4", "jump/b.mp4")
    with pytest.raises(DataError, match=f"'{split}' is named like a split, 'jump' like a class"):
        read(tmp_path)


def test_folders_beside_the_splits_that_hold_no_video_do_not_matter(tmp_path: Path) -> None:
    touch(tmp_path, "train/run/a.mp4", "test/run/b.mp4", "annotations/list.txt", "eval/scores.json")
    assert [video.split for video in read(tmp_path)] == ["train", "test"]
    assert "2 folders without a video (annotations, eval)" in ignored(tmp_path)


def test_a_split_without_class_folders_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "train/a.mp4", "test/b.mp4")
    with pytest.raises(DataError, match="train: the videos of this split are not in class folders"):
        read(tmp_path)


@pytest.mark.parametrize(
    "name", ["test drive", "trainspotting", "valley", "developing", "evaluate"]
)
def test_classes_may_contain_the_word_of_a_split(name: str, tmp_path: Path) -> None:
    touch(tmp_path, "run/a.mp4", f"{name}/b.mp4")
    assert classes(tmp_path) == {"run", name}


def test_links_in_a_circle_end_and_are_counted(tmp_path: Path) -> None:
    touch(tmp_path, "run/a.mp4", "jump/b.mp4")
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    for one, other in (("run", "jump"), ("jump", "run")):
        (tmp_path / one / "x").symlink_to(tmp_path / other)
        (tmp_path / one / "up").symlink_to(tmp_path)
    assert classes(tmp_path) == {"run", "jump"}
    assert "5 links to folders that are read anyway" in ignored(tmp_path)


def test_class_folders_may_be_links(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere/a.mp4", "videos/jump/b.mp4")
    (tmp_path / "videos" / "run").symlink_to(tmp_path / "elsewhere")
    assert classes(tmp_path / "videos") == {"run", "jump"}


def test_names_keep_their_odd_characters(tmp_path: Path) -> None:
    names = ["-a.mp4", "a b.mp4", "a%20b.mp4", "a:b.mp4", " a .mp4", "~a.mp4", "[a].mp4"]
    touch(tmp_path, *(f"-run: 100%/{name}" for name in names))
    videos = read(tmp_path)
    assert classes(tmp_path) == {"-run: 100%"}
    assert sorted(Path(video.path).name for video in videos) == sorted(names)
    assert all(Path(video.path).is_file() for video in videos)


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "run/a.mp4")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/run/caf\xe9.mp4")).touch()
    with pytest.raises(DataError, match="the name is not UTF-8; rename it"):
        read(tmp_path)
