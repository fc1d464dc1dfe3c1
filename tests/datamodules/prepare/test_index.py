"""Specification of ``index``: every video is scanned once, and summed up."""

from pathlib import Path

import pytest

from datamodules.decoding.video_index import VideoIndex
from datamodules.prepare.command_line import main
from tests.datamodules.prepare.conftest import Listed


def test_the_index_is_filled_and_summed_up(
    listed: Listed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert listed.run("index") == 0
    shown = capsys.readouterr().out
    for fact in ("96x64", "h264", "25", "12 (12-12)", "14 (14-14)"):
        assert fact in shown
    monkeypatch.setattr("datamodules.decoding.video_index.scan", None)  # all is known by now
    facts = VideoIndex(listed.index).facts([str(listed.folder / "a" / "one.mp4")])
    assert facts[0].frames == 12


def test_unreadable_videos_are_listed_with_status_1(
    listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = listed.folder / "a" / "two.mp4"
    damaged.write_text("no video")
    assert listed.run("index") == 1
    assert f"{damaged}: does not decode" in capsys.readouterr().out


def test_only_the_named_splits_are_scanned(listed: Listed) -> None:
    (listed.folder / "a" / "two.mp4").write_text("no video")
    assert listed.run("index", "--splits", "train", "test") == 0


def test_moving_shapes_are_rendered_first(tmp_path: Path) -> None:
    arguments = ["train_videos=8", "val_videos=0", "test_videos=8", "video_size=32"]
    options = [f"--data.{argument}" for argument in [f"root={tmp_path}", *arguments]]
    assert main(["index", "--data=MovingShapes", *options]) == 0
    assert len(list(tmp_path.rglob("*.mp4"))) == 16
