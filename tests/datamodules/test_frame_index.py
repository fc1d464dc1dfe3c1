"""Specification of `frame_index`: frames are counted once per file, and anew when it changes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from datamodules import frame_index
from datamodules.decoding import count_frames
from datamodules.errors import DataError
from datamodules.frame_index import FrameIndex

WriteClip = Callable[..., Path]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the names of files that are decoded from here on."""
    names: list[str] = []

    def count(path: Path) -> int:
        names.append(path.name)
        return count_frames(path)

    monkeypatch.setattr(frame_index, "count_frames", count)
    return names


def write_clips(write_clip: WriteClip, *lengths: int) -> list[str]:
    """Write a clip of each length."""
    return [str(write_clip(f"{length}.mkv", length)) for length in lengths]


def test_frames_are_counted_in_the_order_of_files(tmp_path: Path, write_clip: WriteClip) -> None:
    paths = write_clips(write_clip, 7, 3, 12)
    assert FrameIndex(tmp_path).count(paths).tolist() == [7, 3, 12]


def test_a_file_listed_twice_is_decoded_once(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    (path,) = write_clips(write_clip, 5)
    assert FrameIndex(tmp_path).count([path, path]).tolist() == [5, 5]
    assert counted == ["5.mkv"]


def test_no_file_gives_no_count(tmp_path: Path) -> None:
    assert FrameIndex(tmp_path).count([]).tolist() == []


def test_the_folder_of_the_cache_is_made(tmp_path: Path, write_clip: WriteClip) -> None:
    index = FrameIndex(tmp_path / "new" / "folder")
    index.count(write_clips(write_clip, 5))
    assert index.file.is_file()


def test_a_second_count_decodes_nothing(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    paths = write_clips(write_clip, 7, 3)
    FrameIndex(tmp_path).count(paths)
    counted.clear()
    assert FrameIndex(tmp_path).count(paths).tolist() == [7, 3]
    assert counted == []


def test_only_new_files_are_decoded(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    FrameIndex(tmp_path).count(write_clips(write_clip, 7))
    counted.clear()
    assert FrameIndex(tmp_path).count(write_clips(write_clip, 3)).tolist() == [3]
    assert counted == ["3.mkv"]


def test_counting_some_files_keeps_the_counts_of_others(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    paths = write_clips(write_clip, 7, 3)
    for path in paths:
        FrameIndex(tmp_path).count([path])
    counted.clear()
    assert FrameIndex(tmp_path).count(paths).tolist() == [7, 3]
    assert counted == []


def test_a_file_of_another_size_is_counted_anew(tmp_path: Path, write_clip: WriteClip) -> None:
    index, clip = FrameIndex(tmp_path), write_clip(num_frames=5)
    index.count([str(clip)])
    status = clip.stat()
    write_clip(num_frames=9)
    os.utime(clip, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert index.count([str(clip)]).tolist() == [9]


def test_a_file_of_another_time_is_counted_anew(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    index, clip = FrameIndex(tmp_path), write_clip(num_frames=5)
    index.count([str(clip)])
    os.utime(clip, ns=(0, 0))
    index.count([str(clip)])
    assert counted == ["clip.mkv", "clip.mkv"]


@pytest.mark.parametrize("content", ["", '{"a.mkv": [1, 2', "no json"])
def test_a_damaged_cache_is_counted_anew(
    content: str, tmp_path: Path, write_clip: WriteClip
) -> None:
    index = FrameIndex(tmp_path)
    index.file.write_text(content)
    paths = write_clips(write_clip, 7, 3)
    assert index.count(paths).tolist() == [7, 3]
    assert FrameIndex(tmp_path).count(paths).tolist() == [7, 3]


@pytest.mark.parametrize("content", ["null", "[]", '{"CLIP": 3}'])
def test_a_cache_of_another_form_is_counted_anew(
    content: str, tmp_path: Path, write_clip: WriteClip
) -> None:
    index, clip = FrameIndex(tmp_path), write_clip(num_frames=5)
    index.file.write_text(content.replace("CLIP", str(clip)))
    assert index.count([str(clip)]).tolist() == [5]


def test_one_undecodable_file_is_named_among_all(tmp_path: Path, write_clip: WriteClip) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    with pytest.raises(DataError) as caught:
        FrameIndex(tmp_path).count([*write_clips(write_clip, 7, 3), str(bad)])
    assert str(caught.value).startswith(f"1 of 3 videos cannot be used: {bad}: does not decode")


def test_many_undecodable_files_are_counted_and_the_first_three_named(tmp_path: Path) -> None:
    bad = [tmp_path / f"bad{number}.mp4" for number in range(5)]
    for path in bad:
        path.write_text("no video")
    with pytest.raises(DataError) as caught:
        FrameIndex(tmp_path).count([str(path) for path in bad])
    message = str(caught.value)
    assert message.startswith("5 of 5 videos cannot be used: ")
    assert message.endswith(", and others")
    assert [path.name in message for path in bad] == [True, True, True, False, False]


def test_an_undecodable_file_does_not_lose_the_counts_of_the_others(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    bad, good = tmp_path / "bad.mp4", write_clips(write_clip, 7, 3)
    bad.write_text("no video")
    with pytest.raises(DataError):
        FrameIndex(tmp_path).count([*good, str(bad)])
    counted.clear()
    assert FrameIndex(tmp_path).count(good).tolist() == [7, 3]
    assert counted == []


def test_a_repaired_file_is_counted(tmp_path: Path, write_clip: WriteClip) -> None:
    bad = tmp_path / "clip.mkv"
    bad.write_text("no video")
    with pytest.raises(DataError):
        FrameIndex(tmp_path).count([str(bad)])
    write_clip(num_frames=6)
    assert FrameIndex(tmp_path).count([str(bad)]).tolist() == [6]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        FrameIndex(tmp_path).count([str(tmp_path / "nowhere.mp4")])
    assert str(caught.value).startswith(f"{tmp_path / 'nowhere.mp4'}: no such file")


def test_an_interrupted_count_goes_on_where_it_was_saved(
    tmp_path: Path, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_clips(write_clip, 7, 3, 12)
    started: list[str] = []

    def count_until_interrupted(path: Path) -> int:
        if path.name == "12.mkv":
            raise KeyboardInterrupt
        return count_frames(path)

    def count_and_note(path: Path) -> int:
        started.append(path.name)
        return count_frames(path)

    monkeypatch.setattr(frame_index, "SAVE_EVERY", 1)
    monkeypatch.setattr(frame_index, "count_frames", count_until_interrupted)
    with pytest.raises(KeyboardInterrupt):
        FrameIndex(tmp_path).count(paths)
    monkeypatch.setattr(frame_index, "count_frames", count_and_note)
    assert FrameIndex(tmp_path).count(paths).tolist() == [7, 3, 12]
    assert started == ["12.mkv"]


def test_a_name_is_not_enough_to_be_known(
    tmp_path: Path, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, length in (("first", 4), ("second", 9)):
        write_clip(f"{folder}/clip.mkv", length)
        monkeypatch.chdir(tmp_path / folder)
        assert FrameIndex(tmp_path).count(["clip.mkv"]).tolist() == [length]


def test_a_file_is_known_from_any_working_folder(
    tmp_path: Path, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch, counted: list[str]
) -> None:
    clip = write_clip(num_frames=5)
    monkeypatch.chdir(tmp_path)
    FrameIndex(tmp_path).count(["clip.mkv"])
    counted.clear()
    assert FrameIndex(tmp_path).count([str(clip)]).tolist() == [5]
    assert counted == []
