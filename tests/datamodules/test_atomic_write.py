"""Specification of `atomic_write`: a file or folder appears as a whole, or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from datamodules.atomic_write import atomic_write
from datamodules.errors import DataError
from tests.small_disk import small_disk


def test_a_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "notes.txt"
    with atomic_write(target) as draft:
        draft.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


def test_the_draft_is_hidden_and_keeps_the_ending(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "clip.small.mp4") as draft:
        draft.touch()
        assert draft.name.startswith(".")
        assert (draft.parent, draft.suffix) == (tmp_path, ".mp4")


def test_a_folder_replaces_the_older_one(tmp_path: Path) -> None:
    target = tmp_path / "frames"
    for names in (["1.jpg", "2.jpg"], ["1.jpg"]):
        with atomic_write(target) as draft:
            draft.mkdir()
            for name in names:
                (draft / name).touch()
    assert [path.name for path in target.iterdir()] == ["1.jpg"]
    assert list(tmp_path.iterdir()) == [target]


def write_half_a_file(draft: Path) -> None:
    draft.write_text("half")
    raise KeyboardInterrupt


def write_half_a_folder(draft: Path) -> None:
    draft.mkdir()
    (draft / "half").touch()
    raise KeyboardInterrupt


def write_nothing(draft: Path) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("write", [write_half_a_file, write_half_a_folder, write_nothing])
def test_a_failure_leaves_the_older_file_and_no_draft(
    write: Callable[[Path], None], tmp_path: Path
) -> None:
    target = tmp_path / "notes.txt"
    target.write_text("older")
    with pytest.raises(KeyboardInterrupt), atomic_write(target) as draft:
        write(draft)
    assert target.read_text() == "older"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_is_a_data_error_with_a_remedy(tmp_path: Path) -> None:
    target = tmp_path / "notes.txt"
    target.write_text("older")
    message = r"notes\.txt: cannot be written \(.+\); name another data\.index_dir$"
    with (
        small_disk(),
        pytest.raises(DataError, match=message),
        atomic_write(target, "name another data.index_dir") as draft,
    ):
        draft.write_bytes(bytes(1 << 20))
    assert target.read_text() == "older"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_be_made_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = r"notes\.txt: cannot be written \(.+\); make room, or choose another place$"
    with pytest.raises(DataError, match=message), atomic_write(tmp_path / "file" / "notes.txt"):
        pass


def test_two_writers_of_one_file_do_not_interfere(tmp_path: Path) -> None:
    target = tmp_path / "notes.txt"
    with atomic_write(target) as first:
        first.write_text("first")
        with atomic_write(target) as second:
            second.write_text("second")
        assert target.read_text() == "second"
    assert target.read_text() == "first"
