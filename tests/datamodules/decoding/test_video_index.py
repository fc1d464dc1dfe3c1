"""Specification of `video_index`: a video is scanned once, and again when it changes."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from datamodules.decoding import index_table, video_index
from datamodules.decoding.video import scan
from datamodules.decoding.video_facts import VideoFacts
from datamodules.decoding.video_index import VideoIndex
from datamodules.errors import DataError
from tests.datamodules.decoding.counting import frames_of, write_clips

WriteClip = Callable[..., Path]


def test_frames_are_counted_in_the_order_of_files(tmp_path: Path, write_clip: WriteClip) -> None:
    paths = write_clips(write_clip, 7, 3, 12)
    assert frames_of(VideoIndex(tmp_path), paths) == [7, 3, 12]


def test_a_file_listed_twice_is_decoded_once(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    (path,) = write_clips(write_clip, 5)
    assert frames_of(VideoIndex(tmp_path), [path, path]) == [5, 5]
    assert counted == ["5.mkv"]


def test_no_file_gives_no_count(tmp_path: Path) -> None:
    assert frames_of(VideoIndex(tmp_path), []) == []


def test_the_folder_of_the_cache_is_made(tmp_path: Path, write_clip: WriteClip) -> None:
    index = VideoIndex(tmp_path / "new" / "folder")
    frames_of(index, write_clips(write_clip, 5))
    assert index.file.is_file()


def test_a_second_count_decodes_nothing(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    paths = write_clips(write_clip, 7, 3)
    frames_of(VideoIndex(tmp_path), paths)
    counted.clear()
    assert frames_of(VideoIndex(tmp_path), paths) == [7, 3]
    assert counted == []


def test_only_new_files_are_decoded(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    frames_of(VideoIndex(tmp_path), write_clips(write_clip, 7))
    counted.clear()
    assert frames_of(VideoIndex(tmp_path), write_clips(write_clip, 3)) == [3]
    assert counted == ["3.mkv"]


def test_counting_some_files_keeps_the_counts_of_others(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    paths = write_clips(write_clip, 7, 3)
    for path in paths:
        frames_of(VideoIndex(tmp_path), [path])
    counted.clear()
    assert frames_of(VideoIndex(tmp_path), paths) == [7, 3]
    assert counted == []


def test_a_file_of_another_size_is_counted_anew(tmp_path: Path, write_clip: WriteClip) -> None:
    index, clip = VideoIndex(tmp_path), write_clip(num_frames=5)
    frames_of(index, [str(clip)])
    status = clip.stat()
    write_clip(num_frames=9)
    os.utime(clip, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert frames_of(index, [str(clip)]) == [9]


def test_a_file_of_another_time_is_counted_anew(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    index, clip = VideoIndex(tmp_path), write_clip(num_frames=5)
    frames_of(index, [str(clip)])
    os.utime(clip, ns=(0, 0))
    frames_of(index, [str(clip)])
    assert counted == ["clip.mkv", "clip.mkv"]


def test_a_damaged_cache_is_named(tmp_path: Path, write_clip: WriteClip) -> None:
    index = VideoIndex(tmp_path)
    index.file.write_text("no database, though long enough to be taken for one" * 100)
    with pytest.raises(DataError) as caught:
        index.facts(write_clips(write_clip, 7))
    assert str(caught.value).startswith(f"{index.file}: cannot be used (")
    assert "delete it" in str(caught.value)


def test_a_truncated_cache_is_named(tmp_path: Path, write_clip: WriteClip) -> None:
    index, (path,) = VideoIndex(tmp_path), write_clips(write_clip, 7)
    facts = scan(Path(path))
    copies = {str(tmp_path / f"copy{number}.mkv"): facts for number in range(300)}
    for copy in copies:
        os.link(path, copy)
    index.keep(copies)
    os.truncate(index.file, index.file.stat().st_size // 2)
    with pytest.raises(DataError, match=r"cannot be used .*; delete it, it is created again"):
        index.facts(list(copies))


def test_a_deleted_cache_is_made_again(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    index, paths = VideoIndex(tmp_path), write_clips(write_clip, 7)
    index.facts(paths)
    index.file.unlink()
    assert frames_of(index, paths) == [7]
    assert counted == ["7.mkv", "7.mkv"]


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open the cache as on a disk that cannot be written."""
    connect = sqlite3.connect

    def connect_read_only(file: Path, timeout: float) -> sqlite3.Connection:
        return connect(f"file:{file}?mode=ro", uri=True, timeout=timeout)

    monkeypatch.setattr(sqlite3, "connect", connect_read_only)


def test_a_read_only_cache_that_knows_all_videos_is_enough(
    tmp_path: Path, write_clip: WriteClip, request: pytest.FixtureRequest
) -> None:
    paths = write_clips(write_clip, 7, 3)
    VideoIndex(tmp_path).facts(paths)
    request.getfixturevalue("read_only")
    assert frames_of(VideoIndex(tmp_path), paths) == [7, 3]


def test_a_read_only_cache_is_named_before_a_new_video_is_scanned(
    tmp_path: Path,
    write_clip: WriteClip,
    counted: list[str],
    request: pytest.FixtureRequest,
) -> None:
    first, second = write_clips(write_clip, 7, 3)
    VideoIndex(tmp_path).facts([first])
    counted.clear()
    request.getfixturevalue("read_only")
    with pytest.raises(DataError, match=r"cannot be written .*; name another data\.index_dir"):
        VideoIndex(tmp_path).facts([first, second])
    assert counted == []


def test_facts_of_copies_need_no_scan(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    original, copy = write_clips(write_clip, 7, 3)
    VideoIndex(tmp_path).keep({copy: scan(Path(original))})
    assert frames_of(VideoIndex(tmp_path), [copy]) == [7]
    assert counted == []


@pytest.mark.parametrize("listed", [1, 40])
def test_few_of_many_known_videos_are_found(
    listed: int, tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    (path,) = write_clips(write_clip, 7)
    facts = scan(Path(path))
    copies = [str(tmp_path / f"copy{number}.mkv") for number in range(40)]
    for copy in copies:
        os.link(path, copy)
    VideoIndex(tmp_path).keep(dict.fromkeys(copies, facts))
    assert VideoIndex(tmp_path).facts(copies[-listed:]) == [facts] * listed
    assert counted == []


def test_the_table_of_an_older_version_is_replaced(tmp_path: Path, write_clip: WriteClip) -> None:
    index = VideoIndex(tmp_path)
    with closing(sqlite3.connect(index.file)) as connection:
        connection.execute("CREATE TABLE videos (path TEXT PRIMARY KEY, frames, layout)")
    assert frames_of(index, write_clips(write_clip, 7)) == [7]


def test_another_ffmpeg_looks_anew(
    tmp_path: Path, write_clip: WriteClip, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_clips(write_clip, 7)
    VideoIndex(tmp_path).facts(paths)
    monkeypatch.setattr(index_table, "READER", "1 av 0.0.0")
    VideoIndex(tmp_path).facts(paths)
    assert counted == ["7.mkv", "7.mkv"]


def test_facts_survive_the_cache(tmp_path: Path, write_clip: WriteClip) -> None:
    (path,) = write_clips(write_clip, 7)
    fresh = scan(Path(path))
    assert (fresh.width, fresh.height, fresh.fps, fresh.codec) == (24, 16, 25.0, "h264")
    VideoIndex(tmp_path).facts([path])
    assert VideoIndex(tmp_path).facts([path]) == [fresh]


def test_an_unreadable_video_is_not_decoded_again(tmp_path: Path, counted: list[str]) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    first, second = (VideoIndex(tmp_path).scan([str(bad)]) for _ in range(2))
    assert first == second == [(str(bad), first[0].reason)]
    assert counted == ["bad.mp4"]


def test_one_undecodable_file_is_named_among_all(tmp_path: Path, write_clip: WriteClip) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    with pytest.raises(DataError) as caught:
        frames_of(VideoIndex(tmp_path), [*write_clips(write_clip, 7, 3), str(bad)])
    assert str(caught.value).startswith(f"1 of 3 videos cannot be used: {bad}: does not decode")


def test_many_undecodable_files_are_counted_and_the_first_three_named(tmp_path: Path) -> None:
    bad = [tmp_path / f"bad{number}.mp4" for number in range(5)]
    for path in bad:
        path.write_text("no video")
    with pytest.raises(DataError) as caught:
        frames_of(VideoIndex(tmp_path), [str(path) for path in bad])
    message = str(caught.value)
    assert message.startswith("5 of 5 videos cannot be used: ")
    assert ", and others. To leave such videos out, run python -m datamodules.prepare" in message
    assert [path.name in message for path in bad] == [True, True, True, False, False]


def test_an_undecodable_file_does_not_lose_the_counts_of_the_others(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    bad, good = tmp_path / "bad.mp4", write_clips(write_clip, 7, 3)
    bad.write_text("no video")
    with pytest.raises(DataError):
        frames_of(VideoIndex(tmp_path), [*good, str(bad)])
    counted.clear()
    assert frames_of(VideoIndex(tmp_path), good) == [7, 3]
    assert counted == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        frames_of(VideoIndex(tmp_path), [str(tmp_path / "nowhere.mp4")])
    assert f"{tmp_path / 'nowhere.mp4'}: no such file" in str(caught.value)


@pytest.mark.parametrize("name", ["a\u3000b", "a\u00a0b", "\U0001f468\u200d\U0001f469", "é", "a b"])
def test_a_name_may_hold_any_character_of_unicode(
    name: str, tmp_path: Path, write_clip: WriteClip
) -> None:
    path = str(write_clip(f"{name}.mkv", 5))
    for _ in range(2):  # scanned, then cached
        assert frames_of(VideoIndex(tmp_path), [path]) == [5]


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "a\x85b", "a\x7f", os.fsdecode(b"caf\xe9")])
def test_a_name_that_no_list_can_hold_is_refused(name: str, tmp_path: Path) -> None:
    path = str(tmp_path / f"{name}.mkv")
    with pytest.raises(
        DataError, match="the name cannot be written down; rename the file"
    ) as error:
        VideoIndex(tmp_path).look_up([path])
    assert str(error.value).startswith(f"{path!r}: ")


def test_an_interrupted_count_goes_on_where_it_was_saved(
    tmp_path: Path, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_clips(write_clip, 7, 3, 12)
    started: list[str] = []

    def look_until_interrupted(path: Path) -> VideoFacts:
        if path.name == "12.mkv":
            raise KeyboardInterrupt
        return scan(path)

    def look_and_note(path: Path) -> VideoFacts:
        started.append(path.name)
        return scan(path)

    monkeypatch.setattr(video_index, "scan", look_until_interrupted)
    with pytest.raises(KeyboardInterrupt):
        VideoIndex(tmp_path).facts(paths)
    monkeypatch.setattr(video_index, "scan", look_and_note)
    assert frames_of(VideoIndex(tmp_path), paths) == [7, 3, 12]
    assert started == ["12.mkv"]


def test_a_name_is_not_enough_to_be_known(
    tmp_path: Path, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, length in (("first", 4), ("second", 9)):
        write_clip(f"{folder}/clip.mkv", length)
        monkeypatch.chdir(tmp_path / folder)
        assert frames_of(VideoIndex(tmp_path), ["clip.mkv"]) == [length]


def test_a_file_is_known_from_any_working_folder(
    tmp_path: Path, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch, counted: list[str]
) -> None:
    clip = write_clip(num_frames=5)
    monkeypatch.chdir(tmp_path)
    frames_of(VideoIndex(tmp_path), ["clip.mkv"])
    counted.clear()
    assert frames_of(VideoIndex(tmp_path), [str(clip)]) == [5]
    assert counted == []
