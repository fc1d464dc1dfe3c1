"""How a data set identifies itself, and how few videos several processes may share."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datamodules import (
    UCF101,
    DataError,
    MovingShapes,
    SomethingSomethingV1,
    SomethingSomethingV2,
    VideoList,
)

WriteClip = Callable[..., Path]
WriteCsv = Callable[..., Path]
LIST = ("path,label,split", "a.mkv,0,train", "b.mkv,1,train", "c.mkv,0,test")


def test_the_versions_of_something_something_share_names_and_are_two_data_sets(
    tmp_path: Path,
) -> None:
    first, second = (make(str(tmp_path)) for make in (SomethingSomethingV1, SomethingSomethingV2))
    assert first.class_names == second.class_names
    assert first.identity != second.identity


def test_official_splits_are_told_apart(tmp_path: Path) -> None:
    parts = [UCF101(str(tmp_path), annotations=str(tmp_path), split=k).identity for k in (1, 2)]
    assert parts[0] == {"data set": "UCF101", "official split": "1"}
    assert parts[0] != parts[1]


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        (LIST, True),
        (LIST[:1] + LIST[:0:-1], True),  # another order
        (LIST[:3], False),
        ((*LIST[:3], "c.mkv,0,val"), False),
        ((*LIST[:3], "c.mkv,1,test"), False),
        ((*LIST[:3], "d.mkv,0,test"), False),
    ],
)
def test_lists_are_told_apart_by_files_labels_and_splits(
    changed: tuple[str, ...], same: bool, write_csv: WriteCsv, tmp_path: Path
) -> None:
    one = VideoList(str(write_csv(*LIST)))
    (tmp_path / "elsewhere").mkdir()
    other = VideoList(str(write_csv(*changed, name="elsewhere/other name.csv")))
    assert (one.identity == other.identity) is same


def test_another_draw_is_another_list(write_csv: WriteCsv) -> None:
    source = str(write_csv("path,label", *(f"{number}.mkv,{number % 2}" for number in range(20))))
    assert VideoList(source).identity == VideoList(source, seed=3).identity
    assert VideoList(source).identity != VideoList(source, split_seed=3).identity


def test_a_description_is_plain(tmp_path: Path) -> None:
    described = MovingShapes(root=str(tmp_path), protocol="2x3").describe()
    assert json.loads(json.dumps(described)) == described
    assert described["protocol"] == "2x3"
    assert described["input"] == {
        "num_segments": 8,
        "sampling": "segment",
        "short_side": 256,
        "crop_size": 224,
    }


@pytest.mark.parametrize("stage", ["fit", "test"])
def test_fewer_videos_than_processes_are_refused_by_number(
    stage: str, write_csv: WriteCsv, write_clip: WriteClip, tmp_path: Path
) -> None:
    for name in ("a.mkv", "b.mkv", "c.mkv"):
        write_clip(name)
    data = VideoList(str(write_csv(*LIST)), index_dir=str(tmp_path))
    strategy = SimpleNamespace(broadcast=lambda value: value, barrier=lambda name: None)
    processes: Any = SimpleNamespace(
        global_rank=0, local_rank=0, node_rank=0, world_size=3, strategy=strategy
    )
    data.trainer = processes
    split, count = {"fit": ("train", 2), "test": ("test", 1)}[stage]
    with pytest.raises(DataError, match=rf"{split} split holds {count} video.* for 3 processes"):
        data.setup(stage)
