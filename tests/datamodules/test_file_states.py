"""Specification of `FileStates`: what the file system says of many files, each asked once."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from datamodules import file_states
from datamodules.file_states import FileStates
from tests.datamodules.originals import FOLDERS, NAMES, write_originals


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Write 700 files, which several threads ask for."""
    paths = [tmp_path / f"{number}.mp4" for number in range(700)]
    for number, path in enumerate(paths):
        path.write_bytes(bytes(number))
    return [str(path) for path in paths]


def test_states_are_in_the_order_of_the_files(files: list[str]) -> None:
    states = FileStates(files)
    expected = [os.stat(path) for path in files]
    assert [states.stamp(place) for place in range(len(states))] == [
        f"{one.st_size} {one.st_mtime_ns} {one.st_ctime_ns}" for one in expected
    ]


def test_each_file_is_asked_for_once(files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def note(path: str) -> os.stat_result:
        asked.append(path)
        return os.stat(path)

    monkeypatch.setattr(file_states, "os", SimpleNamespace(stat=note))
    FileStates(files)
    assert sorted(asked) == sorted(files)


def test_no_files_have_no_states() -> None:
    assert len(FileStates([])) == 0
    assert FileStates([]).first_of_same() == []


@pytest.mark.parametrize("name", ["nowhere.mp4", "zero\0byte.mp4"])
def test_a_missing_file_has_an_empty_stamp(name: str, files: list[str], tmp_path: Path) -> None:
    states = FileStates([files[0], str(tmp_path / name)])
    assert [states.exists(0), states.exists(1), states.stamp(1)] == [True, False, ""]


def test_folders_are_told_from_files(files: list[str], tmp_path: Path) -> None:
    states = FileStates([str(tmp_path), files[0], str(tmp_path / "nowhere")])
    assert [states.is_folder(place) for place in range(3)] == [True, False, False]


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_links_are_the_file_that_they_lead_to(
    link: Callable[[str, str], None], files: list[str], tmp_path: Path
) -> None:
    other = str(tmp_path / "link.mp4")
    link(files[5], other)
    missing = [str(tmp_path / "a"), str(tmp_path / "b")]
    listed = [*files[3:7], other, *missing, files[3]]
    assert FileStates(listed).first_of_same() == [0, 1, 2, 3, 2, 5, 6, 0]


def test_some_of_the_states_may_be_taken(files: list[str]) -> None:
    states = FileStates(files)
    assert [states.take([9, 4]).stamp(place) for place in (0, 1)] == [
        states.stamp(9),
        states.stamp(4),
    ]


def test_videos_in_a_pack_have_states_of_their_own(tmp_path: Path) -> None:
    originals = write_originals(tmp_path)
    originals.packed()
    listed = [str(originals.pack / name) for name in (*NAMES, "a/four.mp4", NAMES[0])]
    states = FileStates(listed)
    assert [states.exists(place) for place in range(7)] == [True] * 5 + [False, True]
    assert not any(states.is_folder(place) for place in range(3, 3 + len(FOLDERS)))
    assert states.first_of_same() == [0, 1, 2, 3, 4, 5, 0]
    assert len({states.stamp(place) for place in range(5)}) == 5
    (originals.pack / "00000.tar").touch()
    assert FileStates(listed).stamp(0) != states.stamp(0)
