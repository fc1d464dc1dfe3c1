"""Specification of `scan_notes`: a scan that hangs or dies names its videos."""

import multiprocessing
import os
import signal
import sqlite3
import threading
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from datamodules.decoding import scan_notes, video_index
from datamodules.decoding.video import scan
from datamodules.decoding.video_facts import VideoFacts
from datamodules.decoding.video_index import VideoIndex
from tests.datamodules.decoding.counting import frames_of, write_clips

WriteClip = Callable[..., Path]


def test_no_record_of_videos_in_progress_stays_when_all_are_done(
    tmp_path: Path, write_clip: WriteClip
) -> None:
    index, bad = tmp_path / "index", tmp_path / "bad.mp4"
    bad.write_text("no video")
    VideoIndex(index).scan([*write_clips(write_clip, 7, 3), str(bad)])
    assert [file.name for file in index.iterdir()] == ["videos.sqlite"]


def die(path: Path) -> None:
    """End as a decoder that crashes ends a process."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_video_on_which_a_process_died_is_named_once_by_the_next_start(
    tmp_path: Path, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, (first, second) = VideoIndex(tmp_path), write_clips(write_clip, 7, 3)
    monkeypatch.setattr(video_index, "scan", die)
    process = multiprocessing.get_context("fork").Process(
        target=index.scan, args=([first, second], 1)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    monkeypatch.setattr(video_index, "scan", scan)
    with pytest.warns(UserWarning, match="a process died") as caught:
        assert frames_of(index, [first, second]) == [7, 3]
    (message,) = [str(warning.message) for warning in caught]
    assert message.startswith(f"a process died while scanning {first}. ")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        index.scan(write_clips(write_clip, 12))


def test_videos_that_another_process_scans_are_not_taken_as_left_over(
    tmp_path: Path, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = write_clips(write_clip, 7, 3)

    def look_at_another(path: Path) -> VideoFacts:
        monkeypatch.setattr(video_index, "scan", scan)
        VideoIndex(tmp_path).scan([second])
        return scan(path)

    monkeypatch.setattr(video_index, "scan", look_at_another)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        VideoIndex(tmp_path).scan([first])


def test_a_video_that_hangs_is_named_and_keeps_none_from_being_saved(
    tmp_path: Path, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, paths = VideoIndex(tmp_path), write_clips(write_clip, 7, 3, 12)
    named = threading.Event()
    messages: list[str] = []
    saved: list[tuple[str]] = []

    def hang_until_named(path: Path) -> VideoFacts:
        if path.name == "7.mkv":
            assert named.wait(60)
            with closing(sqlite3.connect(index.file)) as connection:
                saved.extend(connection.execute("SELECT path FROM videos ORDER BY path"))
        return scan(path)

    def warn(message: str, **_: object) -> None:
        messages.append(message)
        if message.count(".mkv") == 1:  # the others have ended
            named.set()

    monkeypatch.setattr(video_index, "scan", hang_until_named)
    monkeypatch.setattr(video_index, "SECONDS_BETWEEN_SAVES", 0.0)
    monkeypatch.setattr(scan_notes, "STALLED_AFTER", 0.2)
    monkeypatch.setattr(warnings, "warn", warn)
    assert index.scan(paths, jobs=2) == []
    assert messages[-1].startswith("no video was finished for 0.")
    assert f" s; in progress: {paths[0]}. If that lasts" in messages[-1]
    assert saved == [(paths[2],), (paths[1],)]  # by name
