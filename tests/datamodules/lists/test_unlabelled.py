"""Videos without labels are found wherever they lie, each once, and nothing is passed over."""

import logging
from pathlib import Path

import pytest

from datamodules import DataError
from datamodules.lists.unlabelled import is_frame_folder, is_one_video, unlabelled_videos


def touch(*files: Path) -> None:
    """Make empty files, which the search does not open."""
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def test_folders_are_searched_to_any_depth_and_what_is_ignored_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wanted = [tmp_path / name for name in ("a.mp4", "b/c/d/e.MKV", "b/z.avi")]
    touch(*wanted, tmp_path / "notes.txt", tmp_path / ".hidden" / "x.mp4")
    assert unlabelled_videos([tmp_path]) == [str(path) for path in wanted]
    assert "1 file of unknown ending" in caplog.text
    assert "1 hidden or system folder" in caplog.text


def test_a_folder_of_images_is_a_video_also_among_others(tmp_path: Path) -> None:
    touch(tmp_path / "v" / "1" / "0001.jpg", tmp_path / "v" / "2" / "0001.jpg")
    assert unlabelled_videos([tmp_path]) == [str(tmp_path / "v" / name) for name in "12"]
    assert unlabelled_videos([tmp_path / "v" / "1"]) == [str(tmp_path / "v" / "1")]


def test_pictures_beside_videos_are_no_frames(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp4", tmp_path / "a.jpg")
    assert not is_frame_folder(tmp_path)
    assert unlabelled_videos([tmp_path]) == [str(tmp_path / "a.mp4")]


def test_a_cover_above_folders_of_videos_or_images_is_no_frame(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    touch(tmp_path / "cover1.jpg", tmp_path / "a" / "x.mp4", tmp_path / "b" / "c" / "0001.jpg")
    wanted = [str(tmp_path / "a" / "x.mp4"), str(tmp_path / "b" / "c")]
    assert unlabelled_videos([tmp_path]) == wanted
    assert "1 folder of images" in caplog.text


def test_a_file_of_any_ending_is_taken_when_it_is_named(tmp_path: Path) -> None:
    touch(tmp_path / "a.gif")
    assert is_one_video(tmp_path / "a.gif")
    assert unlabelled_videos([tmp_path / "a.gif"]) == [str(tmp_path / "a.gif")]


def test_a_video_that_is_named_twice_is_listed_once(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp4")
    (tmp_path / "list.csv").write_text("path,label\na.mp4,kick\n")
    places = [tmp_path / "a.mp4", tmp_path, tmp_path / "list.csv"]
    assert unlabelled_videos(places) == [str(tmp_path / "a.mp4")]


@pytest.mark.parametrize(
    ("content", "message"),
    [("path\n", "lists no video"), ("file\na.mp4\n", "has no column 'path'")],
)
def test_a_csv_without_videos_is_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        unlabelled_videos([tmp_path / "list.csv"])


def test_what_is_not_there_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none: no such file or folder"):
        unlabelled_videos([tmp_path / "none"])
    touch(tmp_path / "notes.txt")
    with pytest.raises(DataError, match=r"holds no video, at any depth .*unknown ending"):
        unlabelled_videos([tmp_path])
