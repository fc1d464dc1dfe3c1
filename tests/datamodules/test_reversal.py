"""The setting ``reversal`` of every data set: which clips are shown backwards, and their labels.

In a clip of numbered frames, the first pixel's red is the frame's index.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from datamodules import DataError, MovingShapes, VideoList
from datamodules.base import Loader
from datamodules.lists.splitting import SPLITS

WriteClip = Callable[..., Path]
WriteCsv = Callable[..., Path]
MakeList = Callable[..., VideoList]
FORWARDS, BACKWARDS = [2, 7, 12, 17], [17, 12, 7, 2]


@pytest.fixture
def waves(write_clip: WriteClip, write_csv: WriteCsv, video_list: MakeList) -> MakeList:
    """Return a function that lists a video of 20 frames of each class in each split."""

    def make(*names: str, **settings: Any) -> VideoList:
        rows = []
        for split in SPLITS:
            for label, name in enumerate(names or ("wave", "jump", "push")):
                write_clip(f"{split}{label}.mkv", 20)
                rows.append(f"{split}{label}.mkv,{label},{name},{split}")
        return video_list(write_csv("path,label,name,split", *rows), **settings)

    return make


def samples(loader: Loader) -> list[tuple[list[int], int, str]]:
    """Read the frame indices, label and name of every sample of a loader."""
    return [
        (clip.reshape(-1, *clip.shape[-4:])[0, :, 0, 0, 0].tolist(), int(label), Path(path).name)
        for batch in loader
        for clip, label, path in zip(batch["clips"], batch["label"], batch["path"], strict=True)
    ]


def shown_in_test(data: VideoList) -> list[tuple[list[int], int, str]]:
    """Read the samples of the test."""
    data.setup("test")
    return samples(data.test_dataloader())


def shown_in_training(data: VideoList, epochs: int = 1) -> list[tuple[list[int], int, str]]:
    """Read the training samples of some epochs."""
    data.setup("fit")
    loader: Any = data.train_dataloader()
    found = []
    for epoch in range(epochs):
        loader.sampler.set_epoch(epoch)
        found += samples(loader)
    return found


def test_without_it_videos_are_shown_forwards_once(waves: MakeList) -> None:
    assert shown_in_test(waves()) == [(FORWARDS, label, f"test{label}.mkv") for label in range(3)]


def test_label_asks_for_the_direction_of_every_video(waves: MakeList) -> None:
    data = waves(reversal="label")
    assert (data.num_classes, data.target_names) == (2, ("forwards", "backwards"))
    assert shown_in_test(data) == [
        sample
        for label in range(3)
        for sample in (
            (FORWARDS, 0, f"test{label}.mkv"),
            (BACKWARDS, 1, f"test{label}.mkv (backwards)"),
        )
    ]


def test_double_adds_a_class_for_the_reversal_of_each_class(waves: MakeList) -> None:
    data = waves(reversal="double")
    assert data.target_names == (
        *("wave", "jump", "push"),
        *("wave backwards", "jump backwards", "push backwards"),
    )
    expected = [(FORWARDS, 0), (BACKWARDS, 3), (FORWARDS, 1), (BACKWARDS, 4)]
    assert [sample[:2] for sample in shown_in_test(data)][:4] == expected


@pytest.mark.parametrize("reversal", ["label", "double"])
def test_training_and_validation_show_both_directions_too(waves: MakeList, reversal: str) -> None:
    data = waves(reversal=reversal, batch_size=1)
    shown = shown_in_training(data)
    assert sorted(name for _, _, name in shown) == sorted(
        name
        for label in range(3)
        for name in (f"train{label}.mkv", f"train{label}.mkv (backwards)")
    )
    assert all((clip == sorted(clip)) != name.endswith("(backwards)") for clip, _, name in shown)
    validation: Any = data.val_dataloader()
    assert len(samples(validation)) == 6


def test_both_views_of_a_video_have_exactly_the_same_frames_in_every_view(waves: MakeList) -> None:
    data = waves(reversal="label", protocol="3x3", eval_batch_size=2)
    data.setup("test")
    clips = next(iter(data.test_dataloader()))["clips"]
    assert torch.equal(clips[0], clips[1].flip(1))  # (V, T, 3, S, S)


def test_every_file_counts_twice_and_the_log_says_so(
    waves: MakeList, caplog: pytest.LogCaptureFixture
) -> None:
    data = waves(reversal="label")
    data.setup("test")
    assert data.coverage["test"].as_dict() == {"n_listed": 6, "n_missing": 0, "n_skipped": 0}
    assert "test: 6 videos, each file forwards and backwards, 2 of 2 classes" in caplog.text


def test_augment_shows_half_of_the_training_clips_backwards_with_their_labels(
    waves: MakeList,
) -> None:
    data = waves(reversal="augment", batch_size=1)
    assert data.target_names == data.class_names
    shown = shown_in_training(data, epochs=40)
    backwards = [clip == sorted(clip, reverse=True) for clip, _, _ in shown]
    assert all(clip in (sorted(clip), sorted(clip, reverse=True)) for clip, _, _ in shown)
    assert 40 <= sum(backwards) <= 80
    assert all(f"train{label}.mkv" == name for _, label, name in shown)


def test_augment_leaves_the_evaluation_alone(waves: MakeList) -> None:
    assert shown_in_test(waves(reversal="augment")) == shown_in_test(waves())


def test_augment_decides_by_seed_epoch_and_video(waves: MakeList) -> None:
    drawn = [shown_in_training(waves(reversal="augment"), epochs=5) for _ in range(2)]
    assert drawn[0] == drawn[1]


def test_augment_changes_only_the_order_of_the_training_clips(waves: MakeList) -> None:
    plain, augmented = (shown_in_training(waves(reversal=kind)) for kind in ("none", "augment"))
    assert [sorted(clip) for clip, _, _ in plain] == [sorted(clip) for clip, _, _ in augmented]


@pytest.mark.parametrize("name", ["swipe_left", "Turn right", "circle counter-clockwise"])
def test_augment_is_refused_where_a_class_names_a_direction(waves: MakeList, name: str) -> None:
    data = waves("wave", name, reversal="augment")
    with pytest.raises(DataError, match=rf"class '{name}' names a direction.*reversal to none"):
        data.read_lists("fit")


def test_a_flip_of_a_doubled_class_swaps_sides_and_keeps_the_direction(waves: MakeList) -> None:
    data = waves("go_left", "go_right", reversal="double", flip_probability=1.0, batch_size=1)
    labels = {name: label for _, label, name in shown_in_training(data)}
    assert labels == {
        **{"train0.mkv": 1, "train0.mkv (backwards)": 3},
        **{"train1.mkv": 0, "train1.mkv (backwards)": 2},
    }


def test_a_flip_keeps_the_direction_of_time(waves: MakeList) -> None:
    data = waves("go_left", "stay", reversal="label", flip_probability=1.0, batch_size=1)
    assert all(label == name.endswith("(backwards)") for _, label, name in shown_in_training(data))


def test_one_class_is_enough_to_ask_for_the_direction(waves: MakeList) -> None:
    waves("wave", reversal="label").read_lists("fit")
    with pytest.raises(DataError, match="only the class 'wave'"):
        waves("wave").read_lists("fit")


@pytest.mark.parametrize("reversal", ["label", "double"])
def test_a_list_without_labels_is_refused(
    reversal: str, write_csv: WriteCsv, video_list: MakeList
) -> None:
    file = write_csv("path,label", "a.mkv,", "b.mkv,")
    with pytest.raises(DataError, match=rf"list\.csv: reversal={reversal} needs labels"):
        video_list(file, num_classes=2, reversal=reversal)


def test_another_word_is_refused_with_those_that_are_known(waves: MakeList) -> None:
    with pytest.raises(DataError, match="reversal='both': choose one of none, augment, label, dou"):
        waves(reversal="both")


def test_directions_are_other_data_than_classes(waves: MakeList) -> None:
    described = {kind: waves(reversal=kind).describe() for kind in ("none", "augment", "label")}
    assert described["none"]["identity"] == described["augment"]["identity"]
    assert described["label"]["identity"] == {
        **described["none"]["identity"],
        "reversal": "label",
    }
    assert [one["reversal"] for one in described.values()] == ["none", "augment", "label"]


def test_rendered_shapes_are_shown_in_both_directions(tmp_path: Path) -> None:
    sizes: dict[str, Any] = {"train_videos": 0, "val_videos": 0, "test_videos": 8, "video_size": 16}
    settings: dict[str, Any] = {"num_segments": 4, "short_side": 16, "crop_size": 16}
    data = MovingShapes(root=str(tmp_path), reversal="label", num_workers=0, **sizes, **settings)
    data.make_videos()
    assert data.load_records("test").labels.tolist() == [0, 1] * 8


def test_double_refuses_a_class_that_has_the_name_of_another_one_shown_backwards(
    waves: MakeList,
) -> None:
    data = waves("wave", "wave backwards", reversal="double")
    with pytest.raises(DataError, match=r"class 'wave backwards' has the name that another"):
        data.read_lists("fit")
    assert waves("wave", "wave backwards", reversal="label").num_classes == 2
