"""Specification of `user_list`: a video that is listed twice is annotated alike, or refused."""

import logging
import os
from pathlib import Path

import pytest

from datamodules.errors import DataError
from datamodules.lists.user_list import AnnotatedVideo, find_first_rows, refuse_contradictions


def row(line: int, path: Path | str, split: str = "", label: str = "0") -> AnnotatedVideo:
    """Make a row of a csv."""
    return AnnotatedVideo(str(path), label, "", split, "", f"list.csv, line {line}")


def check(*videos: AnnotatedVideo) -> None:
    """Look for contradictions."""
    labels = [int(video.label) for video in videos]
    refuse_contradictions("list.csv", videos, labels, find_first_rows(videos))


@pytest.fixture(params=["same", "dot", "dots", "symlink", "hard link", "linked folder"])
def again(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Write ``videos/a.mp4``; give another path to it."""
    video = tmp_path / "videos" / "a.mp4"
    video.parent.mkdir()
    video.write_text("a")
    other = tmp_path / "b.mp4"
    if request.param == "symlink":
        other.symlink_to(video)
    elif request.param == "hard link":
        os.link(video, other)
    elif request.param == "linked folder":
        (tmp_path / "linked").symlink_to(video.parent)
        return tmp_path / "linked" / "a.mp4"
    else:
        between = {"same": "", "dot": "./", "dots": "../videos/"}[request.param]
        return Path(f"{tmp_path}/videos/{between}a.mp4")
    return other


def test_a_video_in_two_splits_is_refused_with_both_lines(again: Path, tmp_path: Path) -> None:
    videos = [row(2, tmp_path / "videos" / "a.mp4", "train"), row(3, again, "test")]
    with pytest.raises(DataError) as caught:
        check(*videos)
    assert str(caught.value).startswith("list.csv, line 2 and list.csv, line 3: list one video")
    assert "with split 'train' and 'test'" in str(caught.value)


def test_a_video_with_two_labels_is_refused_with_both_lines(again: Path, tmp_path: Path) -> None:
    videos = [row(2, tmp_path / "videos" / "a.mp4"), row(3, again, label="1")]
    with pytest.raises(DataError, match=r"line 2 and .* line 3: .* with label '0' and '1'"):
        check(*videos)


def test_missing_videos_are_compared_by_path(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="with label '0' and '1'"):
        check(row(2, tmp_path / "gone.mp4"), row(3, f"{tmp_path}/x/../gone.mp4", label="1"))


def test_equal_repetitions_are_counted(
    again: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        check(row(2, tmp_path / "videos" / "a.mp4"), row(3, again), row(4, tmp_path / "c.mp4"))
    assert "list.csv: 1 of 3 rows list a video again, with the same label" in caplog.text


def test_copies_are_other_videos(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_text("a")
    with caplog.at_level(logging.INFO):
        check(row(2, tmp_path / "a.mp4", "train"), row(3, tmp_path / "b.mp4", "test", "1"))
    assert not caplog.text
