"""Specification of ``look: packets``: the same clips as after a full look, with a quick start."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from datamodules import DataError, VideoList
from datamodules.decoding import video_index
from datamodules.decoding.video import glance, scan
from datamodules.decoding.video_index import VideoIndex
from datamodules.errors import VideoDecodeError
from datamodules.prepare.command_line import main as prepare
from tests.datamodules.conftest import SMALL_CLIPS
from tests.datamodules.odd_videos import ODD, damaged, write_odd_list

MakeList = Callable[..., VideoList]
Batches = list[dict[str, Any]]


@pytest.fixture
def make(tmp_path: Path) -> MakeList:
    """Return a function that makes a data module of the odd videos, ready to train and test."""
    sources: dict[bool, Path] = {}

    def make(index: str, *, with_damaged: bool = False, **settings: Any) -> VideoList:
        if with_damaged not in sources:
            folder = tmp_path / f"videos{with_damaged}"
            folder.mkdir()
            sources[with_damaged] = write_odd_list(folder, with_damaged=with_damaged)
        usual = {**SMALL_CLIPS, "batch_size": 2, "num_workers": 0, "protocol": "2x3"}
        directory = str(tmp_path / index)
        data = VideoList(str(sources[with_damaged]), index_dir=directory, **{**usual, **settings})
        for stage in ("fit", "test"):
            data.setup(stage)
        return data

    return make


def read(data: VideoList) -> Batches:
    """Read two epochs of training, then the validation and the test."""
    train: Any = data.train_dataloader()
    batches: Batches = []
    for epoch in range(2):
        train.sampler.set_epoch(epoch)
        batches += list(train)
    return [*batches, *data.val_dataloader(), *data.test_dataloader()]


def assert_same(one: Batches, two: Batches) -> None:
    assert len(one) == len(two)
    for first, second in zip(one, two, strict=True):
        assert first["path"] == second["path"]
        assert torch.equal(first["label"], second["label"])
        assert torch.equal(first["clips"], second["clips"])


def names(batches: Batches) -> list[str]:
    return [Path(path).name for batch in batches for path in batch["path"]]


def test_packets_say_something_else_than_frames(tmp_path: Path) -> None:
    looks = {
        name: (glance(make(tmp_path / name)), scan(tmp_path / name)) for name, make in ODD.items()
    }
    frames = {name: (first.frames, proven.frames) for name, (first, proven) in looks.items()}
    assert frames["plain.mp4"] == (30, 30)
    assert frames["not_coded.avi"] == (25, 24)
    keyframes = [one.keyframes for one in looks["false_keyframes.mp4"]]
    assert keyframes[0] > keyframes[1]
    assert {(one.width, one.height) for one, _ in looks.values()} == {(64, 48)}
    assert not any(first == proven for first, proven in looks.values())


@pytest.mark.parametrize("workers", [0, 2])
def test_clips_are_those_of_a_full_look(workers: int, make: MakeList) -> None:
    full = read(make("full", num_workers=workers))
    assert_same(read(make("packets", look="packets", num_workers=workers)), full)
    assert len(names(full)) == 4 * len(ODD)


def test_clips_are_the_same_whichever_files_were_decoded_before(make: MakeList) -> None:
    data = make("some", look="packets")
    for path in list(data.records["train"].paths)[::2]:
        data.index.prove(Path(path))
    again = make("some", look="packets")
    assert 0 < again.records["train"].unproven() < len(ODD)
    assert_same(read(again), read(make("none", look="packets")))


def test_each_file_is_decoded_when_it_is_first_read(make: MakeList, counted: list[str]) -> None:
    data = make("index", look="packets")
    assert counted == []
    batches = iter(data.train_dataloader())
    first = next(batches)
    assert sorted(counted) == sorted(names([first]))
    read(data)
    assert sorted(counted) == sorted({Path(path).name for path in data.paths})


@pytest.mark.parametrize("workers", [0, 2])
def test_the_index_keeps_what_was_decoded(
    workers: int, make: MakeList, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(make("index", look="packets", num_workers=workers))
    monkeypatch.setattr(video_index, "scan", None)  # any scan would fail
    data = make("index")
    assert list(data.index.look_up(data.paths).facts) == [scan(Path(path)) for path in data.paths]
    assert make("index", look="packets").records["train"].unproven() == 0


def test_packets_are_looked_at_once(make: MakeList, monkeypatch: pytest.MonkeyPatch) -> None:
    make("index", look="packets")
    monkeypatch.setattr(video_index, "glance", None)
    assert make("index", look="packets").records["train"].unproven() == len(ODD)


def test_a_full_look_decodes_what_packets_have_told(make: MakeList, counted: list[str]) -> None:
    make("index", look="packets")
    assert make("index").records["train"].unproven() == 0
    assert len(counted) == 3 * len(ODD)


def test_a_file_that_changes_is_decoded_again(make: MakeList, counted: list[str]) -> None:
    data = make("index", look="packets")
    read(data)
    changed = Path(data.records["train"].paths[0])
    ODD["vp9.webm"](changed.with_name("new.webm")).replace(changed)
    counted.clear()
    read(make("index", look="packets"))
    assert counted == [changed.name]


def test_the_log_says_how_many_are_not_decoded(
    make: MakeList, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    make("index", look="packets")
    assert f"train: {len(ODD)} videos, 2 of 2 classes, {len(ODD)} to be decoded when" in caplog.text


@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_file_ends_the_run_when_it_is_first_read(workers: int, make: MakeList) -> None:
    data = make("index", with_damaged=True, look="packets", num_workers=workers)
    with pytest.raises(VideoDecodeError, match=r"train_damaged\.mp4: does not decode"):
        read(data)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_file_may_be_left_out(workers: int, make: MakeList) -> None:
    settings: dict[str, Any] = {"look": "packets", "skip_unreadable": True, "num_workers": workers}
    data = make("index", with_damaged=True, **settings)
    assert str(data.coverage["train"]) == "7 videos"
    first = read(data)
    assert not any("damaged" in name for name in names(first))
    evaluated = [f"{split}_{name}" for split in ("val", "test") for name in ODD]
    assert names(first)[-2 * len(ODD) :] == evaluated
    for split in ("train", "val", "test"):
        assert data.coverage[split].as_dict() == {"n_listed": 7, "n_missing": 0, "n_skipped": 1}
    again = make("index", with_damaged=True, **settings)
    assert str(again.coverage["train"]) == "6 of 7 videos (1 skipped as unreadable)"
    assert_same(read(again), first)


def test_a_damaged_file_in_a_batch_of_its_own_is_left_out_of_a_test(make: MakeList) -> None:
    settings: dict[str, Any] = {"look": "packets", "skip_unreadable": True, "eval_batch_size": 1}
    data = make("index", with_damaged=True, **settings)
    assert names(list(data.test_dataloader())) == [f"test_{name}" for name in ODD]


def test_a_training_batch_without_any_readable_video_ends_the_run(make: MakeList) -> None:
    settings: dict[str, Any] = {"look": "packets", "skip_unreadable": True, "batch_size": 1}
    data = make("index", with_damaged=True, **settings)
    with pytest.raises(DataError, match="none of the 1 videos of a training batch can be used"):
        list(data.train_dataloader())


def test_what_a_report_lists_is_left_out_as_after_a_full_look(make: MakeList) -> None:
    data = make("packets", with_damaged=True, look="packets")
    index = f"--data.index_dir={data.index.file.parent}"
    assert prepare(["verify", "--data=VideoList", f"--data.source={data.source}", index]) == 1
    full = read(make("packets", with_damaged=True, skip_unreadable=True))
    fresh = make("fresh", with_damaged=True, look="packets")
    shutil.copy(data.report_file, fresh.report_file)
    again = make("fresh", with_damaged=True, look="packets", skip_unreadable=True)
    assert len(again.records["train"]) == len(ODD)
    assert_same(read(again), full)


def test_a_file_that_is_no_report_is_named(make: MakeList) -> None:
    data = make("index", with_damaged=True, look="packets")
    data.report_file.write_text("{}")
    with pytest.raises(DataError, match="is not a report"):
        make("index", with_damaged=True, look="packets", skip_unreadable=True)


def test_a_file_that_is_no_video_is_named_at_the_start(make: MakeList) -> None:
    data = make("index", look="packets")
    Path(data.paths[0]).write_text("<html>404</html>")
    with pytest.raises(DataError, match=r"1 of 6 videos cannot be used: .*train_plain\.mp4"):
        make("index", look="packets")
    read(make("index", look="packets", skip_unreadable=True))


def test_a_missing_file_is_named_at_the_start(make: MakeList) -> None:
    data = make("index", look="packets")
    Path(data.paths[0]).unlink()
    with pytest.raises(DataError, match=r"train_plain\.mp4: no such file"):
        make("index", look="packets", skip_unreadable=True)


def test_another_word_is_refused(make: MakeList) -> None:
    with pytest.raises(DataError, match="look='quick': choose one of full, packets"):
        make("index", look="quick")


@pytest.mark.parametrize(
    ("look", "said"),
    [("full", "with 1 threads, before the first step"), ("packets", "in the first epoch")],
)
def test_many_files_are_announced_with_what_they_cost(
    look: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = ODD["plain.mp4"](tmp_path / "plain.mp4").read_bytes()
    paths = [tmp_path / f"{number}.mp4" for number in range(80)]
    for path in paths:
        path.write_bytes(content)
    found = VideoIndex(tmp_path / "index").look_up(list(map(str, paths)), jobs=1, look=look)
    assert len(found.facts) == 80
    printed = capsys.readouterr().out
    assert "80 videos are not in the index; decoding them takes about 0:0" in printed
    assert said in printed


def test_a_damaged_file_has_sound_packets(tmp_path: Path) -> None:
    path = damaged(tmp_path / "damaged.mp4")
    assert glance(path).frames == 30
    with pytest.raises(VideoDecodeError, match="does not decode"):
        scan(path)
