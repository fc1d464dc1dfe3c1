"""Specification of `VideoDataModule`, through its public door: settings in, batches out."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from datamodules import DataError, VideoList
from datamodules.lists.annotations import Annotations
from datamodules.lists.splitting import Split

WriteClip = Callable[..., Path]
WriteCsv = Callable[..., Path]


class CountedLists(VideoList):
    """Notes which lists are read; refuses that of one split if told to."""

    def __init__(self, source: str, refused: str = "", **kwargs: Any) -> None:
        super().__init__(source, **kwargs)
        self.refused = refused
        self.lists_read: list[Split] = []

    def annotations(self, split: Split) -> Annotations:
        """Note the split."""
        self.lists_read.append(split)
        if split == self.refused:
            raise DataError(f"{split}: no such list")
        return super().annotations(split)


MakeData = Callable[..., CountedLists]


@pytest.fixture
def make_data(tmp_path: Path, write_clip: WriteClip, write_csv: WriteCsv) -> MakeData:
    """Return a function that makes loaders of small videos, so many in each split."""

    def make(train: int = 6, val: int = 3, test: int = 3, **changes: Any) -> CountedLists:
        rows = []
        for split, number in {"train": train, "val": val, "test": test}.items():
            for position in range(number):
                write_clip(f"{split}{position}.mkv", 20 + position, 32, 48)
                rows.append(f"{split}{position}.mkv,{position % 2},{split}")
        settings: dict[str, Any] = {
            "num_segments": 4,
            "short_side": 32,
            "crop_size": 24,
            "num_workers": 0,
        }
        settings |= {"batch_size": 2, "num_classes": 2, "index_dir": str(tmp_path / "index")}
        return CountedLists(str(write_csv("path,label,split", *rows)), **{**settings, **changes})

    return make


class Recorder(pl.LightningModule):
    """Trains on nothing and notes what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.seen: list[tuple[int, list[int], Tensor]] = []

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> Tensor:
        """Note epoch, records and clips."""
        self.seen.append((self.current_epoch, batch["index"].tolist(), batch["clips"]))
        return self.weight.sum()

    def validation_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        """Look at nothing."""

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Give any optimizer."""
        return torch.optim.SGD(self.parameters(), lr=0.1)


def quiet_trainer(epochs: int, **settings: Any) -> pl.Trainer:
    """Make Lightning's own training loop, without its files and bars."""
    return pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **settings,
    )


def test_a_training_batch_holds_one_random_clip_of_each_video(make_data: MakeData) -> None:
    data = make_data()
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    assert batch["clips"].shape == (2, 4, 3, 24, 24)
    assert batch["clips"].dtype == torch.uint8


def test_a_validation_batch_holds_one_view_of_each_video(make_data: MakeData) -> None:
    data = make_data(protocol="2x3")
    data.setup("fit")
    loader = data.val_dataloader()
    assert isinstance(loader, torch.utils.data.DataLoader)
    clips = next(iter(loader))["clips"]
    assert clips.shape == (2, 1, 4, 3, 24, 24)
    assert clips[0, 0, :, 0, 0, 0].tolist() == [2, 7, 12, 17]
    assert clips[0, 0, 0, 1:, 0, 0].tolist() == [4, 12]


def test_a_test_batch_holds_the_protocols_views_of_each_video(make_data: MakeData) -> None:
    data = make_data(protocol="2x3", eval_batch_size=2)
    data.setup("test")
    clips = next(iter(data.test_dataloader()))["clips"]
    assert clips.shape == (2, 6, 4, 3, 24, 24)
    assert clips.dtype == torch.uint8
    assert clips[0, :, 0, 2, 0, 0].tolist() == [0, 12, 24] * 2
    assert clips[0, :, :, 0, 0, 0].tolist() == [[1, 6, 11, 16]] * 3 + [[3, 8, 13, 18]] * 3


def test_an_evaluation_batch_has_as_many_clips_as_a_training_batch(make_data: MakeData) -> None:
    data = make_data(protocol="2x1", batch_size=2)
    data.setup("test")
    assert next(iter(data.test_dataloader()))["clips"].shape[:2] == (1, 2)


def test_a_batch_names_labels_records_and_paths(make_data: MakeData) -> None:
    data = make_data()
    data.setup("test")
    batch = next(iter(data.test_dataloader()))
    assert torch.as_tensor(batch["label"]).tolist() == [0, 1]
    assert torch.as_tensor(batch["index"]).tolist() == [0, 1]
    assert [Path(path).name for path in batch["path"]] == ["test0.mkv", "test1.mkv"]


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_prediction_reads_the_chosen_split_in_the_protocols_views(
    split: str, make_data: MakeData
) -> None:
    data = make_data(predict_split=split, protocol="1x3", eval_batch_size=8)
    data.setup("predict")
    (batch,) = data.predict_dataloader()
    assert {Path(path).name[:-5] for path in batch["path"]} == {split}
    assert batch["clips"].shape[1:] == (3, 4, 3, 24, 24)


def test_evaluation_gives_every_video_once_in_order(make_data: MakeData) -> None:
    data = make_data(test=5)
    data.setup("test")
    indices = [torch.as_tensor(batch["index"]).tolist() for batch in data.test_dataloader()]
    assert indices == [[0, 1], [2, 3], [4]]


def test_evaluation_has_its_own_batch_size(make_data: MakeData) -> None:
    data = make_data(test=5, eval_batch_size=4)
    data.setup("test")
    assert [len(batch["path"]) for batch in data.test_dataloader()] == [4, 1]


def test_training_leaves_out_a_short_last_batch(make_data: MakeData) -> None:
    data = make_data(train=5)
    data.setup("fit")
    assert [len(batch["path"]) for batch in data.train_dataloader()] == [2, 2]


def test_training_on_fewer_videos_than_a_batch_takes_them_all(make_data: MakeData) -> None:
    data = make_data(train=3, batch_size=8)
    data.setup("fit")
    assert [len(batch["path"]) for batch in data.train_dataloader()] == [3]


def test_no_validation_videos_give_no_validation_loader(make_data: MakeData) -> None:
    data = make_data(val=0)
    data.setup("fit")
    assert data.val_dataloader() == []


@pytest.mark.parametrize(
    ("stage", "split"), [("fit", "train"), ("validate", "val"), ("test", "test")]
)
def test_a_stage_without_videos_is_refused(stage: str, split: str, make_data: MakeData) -> None:
    data = make_data(**{split: 0})
    message = f"the {split} split holds no videos; nothing to {stage}"
    with pytest.raises(DataError, match=message):
        data.setup(stage)


def test_a_stage_without_videos_gives_the_same_error_under_lightning(make_data: MakeData) -> None:
    with pytest.raises(DataError, match=r"the val split holds no videos; nothing to validate$"):
        quiet_trainer(epochs=1).validate(Recorder(), datamodule=make_data(val=0))


@pytest.mark.parametrize("setting", ["batch_size", "num_segments"])
@pytest.mark.parametrize("value", [0, -3])
def test_settings_below_1_are_refused(setting: str, value: int, make_data: MakeData) -> None:
    with pytest.raises(DataError, match=f"{setting}={value} must be at least 1"):
        make_data(**{setting: value})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"protocol": "3"}, "protocol='3'"),
        ({"sampling": "dense", "num_segments": 5}, "num_segments=5 does not divide the 64"),
        ({"crop_size": 33}, "crop_size=33 exceeds short_side=32"),
        ({"crop_scales": [1.5]}, "crop scales"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    settings: dict[str, Any], message: str, make_data: MakeData
) -> None:
    with pytest.raises(DataError, match=message):
        make_data(**settings)


@pytest.mark.parametrize("workers", [1, 2])
def test_batches_are_the_same_for_any_number_of_workers(workers: int, make_data: MakeData) -> None:
    epochs = []
    for number in (0, workers):
        data = make_data(num_workers=number, flip_probability=0.5)
        data.setup("fit")
        epochs.append(list(data.train_dataloader()))
    for alone, parallel in zip(*epochs, strict=True):
        assert alone["path"] == parallel["path"]
        assert torch.equal(alone["clips"], parallel["clips"])


def test_loaders_have_the_given_number_of_workers(make_data: MakeData) -> None:
    data = make_data(num_workers=3)
    data.setup("fit")
    assert data.train_dataloader().num_workers == 3


def test_the_seed_decides_order_and_clips(make_data: MakeData) -> None:
    runs = []
    for seed in (1, 1, 2):
        data = make_data(seed=seed)
        data.setup("fit")
        runs.append(torch.cat([batch["clips"] for batch in data.train_dataloader()]))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


@pytest.mark.parametrize(("probability", "direction"), [(0.0, 1), (1.0, -1)])
def test_training_clips_are_mirrored_with_the_given_probability(
    probability: float, direction: int, make_data: MakeData
) -> None:
    data = make_data(flip_probability=probability)
    data.setup("fit")
    for batch in data.train_dataloader():
        steps = torch.diff(batch["clips"][:, :, 2].int(), dim=-1) * direction
        assert bool((steps >= 0).all())
        assert bool((steps.sum(dim=-1) > 0).all())


@pytest.mark.parametrize("workers", [0, 1])
def test_lightning_reads_another_order_and_other_clips_in_every_epoch(
    workers: int, make_data: MakeData
) -> None:
    data = make_data(train=6, val=0, num_workers=workers)
    recorder, trainer = Recorder(), quiet_trainer(epochs=3)
    trainer.fit(recorder, datamodule=data)
    orders = [[r for e, seen, _ in recorder.seen if e == epoch for r in seen] for epoch in range(3)]
    assert [sorted(order) for order in orders] == [list(range(6))] * 3
    assert len({str(order) for order in orders}) == 3
    clips = [
        clip
        for _, seen, clips in recorder.seen
        for record, clip in zip(seen, clips, strict=True)
        if record == 0
    ]
    assert not torch.equal(clips[0], clips[1])


def test_lightning_reads_what_the_loaders_give(make_data: MakeData) -> None:
    recorder = Recorder()
    quiet_trainer(epochs=1).fit(recorder, datamodule=make_data(val=0))
    data = make_data(val=0)
    data.setup("fit")
    for (_, indices, clips), batch in zip(recorder.seen, data.train_dataloader(), strict=True):
        assert indices == torch.as_tensor(batch["index"]).tolist()
        assert torch.equal(clips, batch["clips"])


@pytest.mark.parametrize("stage", ["test", "predict"])
def test_the_test_protocol_is_logged(
    stage: str, make_data: MakeData, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    make_data(protocol="2x3").setup(stage)
    assert "2x3: 2 clip(s) x 3 crop(s) = 6 view(s) a video" in caplog.text


def test_the_number_of_videos_is_logged(
    make_data: MakeData, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    make_data(train=5, val=3).setup("fit")
    assert "train: 5 videos, 2 of 2 classes" in caplog.text
    assert "val: 3 videos, " in caplog.text


def test_a_fit_reads_each_list_once(make_data: MakeData) -> None:
    data = make_data()
    quiet_trainer(epochs=1).fit(Recorder(), datamodule=data)
    assert data.lists_read == ["train", "val"]


def test_a_process_that_did_not_prepare_the_data_reads_each_list_once(make_data: MakeData) -> None:
    data = make_data()
    data.setup("fit")
    data.setup("validate")
    data.setup("test")
    assert data.lists_read == ["train", "val", "test"]


def test_a_wrong_list_is_reported_before_any_video_is_scanned(make_data: MakeData) -> None:
    data = make_data(refused="val")
    with pytest.raises(DataError, match="val: no such list"):
        data.prepare_data()
    assert not data.index.file.exists()


def test_lightning_may_overfit_a_batch(make_data: MakeData) -> None:
    recorder = Recorder()
    quiet_trainer(epochs=2, overfit_batches=1).fit(recorder, datamodule=make_data())
    assert [seen for _, seen, _ in recorder.seen] == [[0, 1]] * 2
