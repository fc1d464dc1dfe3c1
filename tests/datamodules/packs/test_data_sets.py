"""Every published data set reads its pack as its files: the same lists, facts and clips."""

from pathlib import Path

import pytest
import torch

import datamodules
from datamodules.base import VideoDataModule
from datamodules.lists.splitting import SPLITS
from datamodules.loading.sample import SampleKey
from datamodules.loading.video_dataset import VideoDataset
from datamodules.prepare.pack import pack_videos
from tests.datamodules.layouts import LAYOUTS, SMALL


def clips(data: VideoDataModule) -> list[torch.Tensor]:
    """Read a training clip of each video, in the order of the list."""
    dataset = VideoDataset(data.records["train"], data.loaders["train"].views, data.seed)
    return [dataset[SampleKey(index, epoch=3)]["clips"] for index in range(len(dataset))]


@pytest.mark.parametrize("data_set", LAYOUTS)
def test_a_pack_takes_the_place_of_the_root(data_set: str, tmp_path: Path) -> None:
    make = getattr(datamodules, data_set)
    settings = {**SMALL, "check_counts": False, "index_dir": str(tmp_path / "index")}
    given = LAYOUTS[data_set](tmp_path / "data", (5, 3, 12))
    loose = make(**given, **settings)
    pack = tmp_path / "pack"
    assert pack_videos(loose, (), jobs=2, output=pack)
    lists = given.get("annotations", given["root"])
    packed = make(root=str(pack), annotations=lists, **settings)
    assert packed.identity == loose.identity
    for split in SPLITS:
        files, copies = loose.load_records(split), packed.load_records(split)
        assert copies.labels.tolist() == files.labels.tolist()
        assert copies.frames.tolist() == files.frames.tolist()
        assert copies.seek_indexes.tolist() == files.seek_indexes.tolist()
        assert [path.removeprefix(str(pack)) for path in copies.paths] == [
            path.removeprefix(given["root"]) for path in files.paths
        ]
    for clip, copy in zip(clips(loose), clips(packed), strict=True):
        assert torch.equal(clip, copy)


def test_missing_clips_of_kinetics_stay_missing(tmp_path: Path) -> None:
    settings = {**SMALL, "check_counts": False, "index_dir": str(tmp_path / "index")}
    given = LAYOUTS["Kinetics400"](tmp_path / "data", (5, 3, 12))
    next((tmp_path / "data" / "train").rglob("*.mp4")).unlink()
    assert pack_videos(datamodules.Kinetics400(**given, **settings), (), None, tmp_path / "pack")
    packed = datamodules.Kinetics400(str(tmp_path / "pack"), annotations=given["root"], **settings)
    packed.load_records("train")
    assert str(packed.coverage["train"]) == "2 of 3 videos (1 missing)"
