"""Specification of `video_tree`: a data set's videos are found by name, the rest is counted."""

import re
from pathlib import Path

import pytest

from datamodules.lists.video_tree import VideoTree

NAME = re.compile(r"v_\d+")


def touch(root: Path, *names: str) -> None:
    """Make empty files below a folder."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_videos_are_found_in_any_folder_and_with_any_known_ending(tmp_path: Path) -> None:
    touch(tmp_path, "a/v_1.avi", "a/b/v_2.MTS", "v_3/00001.jpg")
    tree = VideoTree(tmp_path, NAME)
    found = [str(tmp_path / name) for name in ("a/v_1.avi", "a/b/v_2.MTS", "v_3")]
    assert [tree.find(f"v_{number}") for number in (1, 2, 3)] == [[path] for path in found]
    assert tree.find("v_4") == []


def test_what_is_not_read_is_counted_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path, "v_1.avi", "v_2.avi.part", "v_3.xyz", "w.avi", "@eaDir/v_4.avi", "._v_5.avi")
    with caplog.at_level("INFO"):
        tree = VideoTree(tmp_path, NAME)
    assert [tree.find(f"v_{number}") for number in (2, 3, 4, 5)] == [[]] * 4
    assert f"{tmp_path}: ignored: 1 hidden or system folder (@eaDir)" in caplog.text
    assert tree.ignored.as_dict() == {
        "hidden or system folders": 1,
        "hidden or system files": 1,
        "files of unknown endings": 2,
        "videos of another data set's names": 1,
    }


def test_a_folder_that_links_lead_to_many_times_is_read_once(tmp_path: Path) -> None:
    """Twelve folders that link to each other make 12! ways."""
    for number in range(12):
        touch(tmp_path, f"f{number:02d}/v_{number}.avi")
        for other in range(12):
            (tmp_path / f"f{number:02d}" / f"to{other}").symlink_to(tmp_path / f"f{other:02d}")
    tree = VideoTree(tmp_path, NAME)
    assert tree.find("v_7") == [str(tmp_path / "f07" / "v_7.avi")]


def test_a_video_is_found_at_its_own_place_rather_than_by_a_link(tmp_path: Path) -> None:
    touch(tmp_path, "z/deep/v_1.avi")
    (tmp_path / "a").symlink_to(tmp_path / "z" / "deep")
    assert VideoTree(tmp_path, NAME).find("v_1") == [str(tmp_path / "z" / "deep" / "v_1.avi")]
