"""Specification of `VideoList`: a user's own videos, split without leaks between splits."""

from collections.abc import Callable
from pathlib import Path

import pytest

from datamodules import DataError, VideoDecodeError, VideoList
from datamodules.lists.splitting import SPLITS, Split

WriteClip = Callable[..., Path]
WriteCsv = Callable[..., Path]


def names_by_split(videos: VideoList) -> dict[Split, list[str]]:
    """Read the file names of each split."""
    return {
        split: [Path(path).name for path in videos.load_records(split).paths] for split in SPLITS
    }


def test_class_folders_give_names_and_labels(
    video_list: Callable[..., VideoList], write_folders: Callable[..., Path]
) -> None:
    root = write_folders("run/a.mkv", "jump/b.mkv", "run/c.mkv")
    videos = video_list(root, val_fraction=0, test_fraction=0)
    assert videos.class_names == ("jump", "run")
    records = videos.load_records("train")
    assert [Path(path).name for path in records.paths] == ["b.mkv", "a.mkv", "c.mkv"]
    assert records.labels.tolist() == [0, 1, 1]


def test_records_hold_the_frames_that_decode(
    video_list: Callable[..., VideoList], write_clip: WriteClip, write_csv: WriteCsv
) -> None:
    for length in (5, 9):
        write_clip(f"{length}.mkv", length)
    videos = video_list(
        write_csv("path,label", "9.mkv,0", "5.mkv,0"), val_fraction=0, test_fraction=0
    )
    assert videos.load_records("train").frames.tolist() == [9, 5]


def test_split_folders_decide_the_splits(
    video_list: Callable[..., VideoList], write_folders: Callable[..., Path]
) -> None:
    root = write_folders("train/run/a.mkv", "train/jump/b.mkv", "val/run/c.mkv", "test/run/d.mkv")
    assert names_by_split(video_list(root, test_fraction=0.5)) == {
        "train": ["b.mkv", "a.mkv"],
        "val": ["c.mkv"],
        "test": ["d.mkv"],
    }


def test_a_column_decides_the_splits(
    video_list: Callable[..., VideoList], write_clip: WriteClip, write_csv: WriteCsv
) -> None:
    for name in "abc":
        write_clip(f"{name}.mkv", 5)
    file = write_csv("path,label,split", "a.mkv,0,test", "b.mkv,0,train", "c.mkv,0,val")
    expected = {"train": ["b.mkv"], "val": ["c.mkv"], "test": ["a.mkv"]}
    assert names_by_split(video_list(file)) == expected


def test_a_split_column_with_an_empty_row_is_refused_with_its_line(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    file = write_csv("path,label,split", "a.mkv,0,test", "b.mkv,0,")
    with pytest.raises(DataError) as caught:
        video_list(file)
    assert str(caught.value).startswith(f"{file}, line 3: no split given")


def test_a_split_column_that_splits_a_group_is_refused(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    file = write_csv("path,label,group,split", "a.mkv,0,one,test", "b.mkv,0,one,train")
    with pytest.raises(DataError, match="one"):
        video_list(file)


def test_named_groups_are_held_out(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    file = write_csv(
        "path,label,person", "a.mkv,0,1", "b.mkv,0,2", "c.mkv,0,3", "d.mkv,0,2", "e.mkv,0,4"
    )
    videos = video_list(file, group_column="person", val_groups=["3"], test_groups=["2"])
    assert videos.splits.tolist() == ["train", "test", "val", "test", "train"]


def test_named_groups_may_be_numbers(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    file = write_csv("path,label,group", "a.mkv,0,1", "b.mkv,0,2")
    assert video_list(file, test_groups=[2]).splits.tolist() == ["train", "test"]


def test_an_unknown_group_is_refused(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    file = write_csv("path,label,group", "a.mkv,0,1", "b.mkv,0,2")
    with pytest.raises(DataError, match="no video has test group '7'; groups: 1, 2"):
        video_list(file, test_groups=["7"])


def test_a_draw_never_splits_a_group(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    groups = [str(number % 10) for number in range(40)]
    rows = [f"{number}.mkv,0,{group}" for number, group in enumerate(groups)]
    file = write_csv("path,label,group", *rows)
    for seed in range(20):
        splits = video_list(file, test_fraction=0.3, split_seed=seed).splits
        found = {
            group: {s for g, s in zip(groups, splits, strict=True) if g == group}
            for group in groups
        }
        assert all(len(splits_of_group) == 1 for splits_of_group in found.values())


def test_videos_without_group_are_drawn_one_by_one(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    file = write_csv("path,label", *(f"{number}.mkv,0" for number in range(20)))
    splits = video_list(file, val_fraction=0.1, test_fraction=0.2).splits.tolist()
    assert [splits.count(split) for split in SPLITS] == [14, 2, 4]


def test_a_video_listed_twice_is_in_one_split(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    file = write_csv("path,label", *(f"{number % 10}.mkv,0" for number in range(20)))
    for seed in range(10):
        splits = video_list(file, test_fraction=0.3, split_seed=seed).splits.tolist()
        assert splits[:10] == splits[10:]


def test_the_draw_does_not_change_with_the_runs_seed(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    file = write_csv("path,label", *(f"{number}.mkv,0" for number in range(20)))
    first, second = (video_list(file, seed=seed).splits.tolist() for seed in (0, 1))
    assert first == second


def test_class_names_come_from_the_name_column(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    file = write_csv("path,label,title", "a.mkv,1,Run", "b.mkv,0,Jump", "c.mkv,1,Run")
    videos = video_list(file, name_column="title")
    assert (videos.class_names, videos.num_classes) == (("Jump", "Run"), 2)


def test_num_classes_may_exceed_the_labels(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    source = write_csv("path,label,split", "a.mkv,1,train")
    assert video_list(source, num_classes=7).num_classes == 7


def test_a_list_without_any_label_is_not_split_at_random(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    source = write_csv("path,label", "a.mkv,", "b.mkv,", "c.mkv,")
    drawn = {"num_classes": 2, "test_groups": ["9"], "val_fraction": 0.9}
    for split in SPLITS:
        videos = video_list(source, predict_split=split, **drawn)
        assert videos.splits.tolist() == [split] * 3


def test_a_list_without_any_label_has_no_identity(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    described = video_list(write_csv("path,label", "a.mkv,"), num_classes=2).describe()
    assert (described["identity"], described["labelled"]) == ({}, False)
    described = video_list(write_csv("path,label,split", "a.mkv,0,train")).describe()
    assert described["identity"].keys() == {"data set", "list"}
    assert described["labelled"]


def test_a_missing_source_is_named(video_list: Callable[..., VideoList], tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        video_list(tmp_path / "nowhere")
    assert str(caught.value).startswith(f"{tmp_path / 'nowhere'}: no such folder")


def test_an_undecodable_video_stops_the_preparation_by_name(
    video_list: Callable[..., VideoList], write_folders: Callable[..., Path]
) -> None:
    root = write_folders("train/run/a.mkv", "train/jump/b.mkv")
    bad = root / "train" / "jump" / "b.mkv"
    bad.write_text("<html>404</html>")
    with pytest.raises(DataError) as caught:
        video_list(root).prepare_data()
    assert str(caught.value).startswith(f"1 of 2 videos cannot be used: {bad}: does not decode")


def test_a_missing_video_stops_the_preparation_by_name(
    video_list: Callable[..., VideoList], write_csv: WriteCsv, tmp_path: Path
) -> None:
    videos = video_list(write_csv("path,label,split", "nowhere.mkv,0,train"), num_classes=2)
    with pytest.raises(DataError) as caught:
        videos.prepare_data()
    assert f"{tmp_path / 'nowhere.mkv'}: no such file" in str(caught.value)


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_video_that_breaks_later_stops_the_run_by_name(
    num_workers: int, video_list: Callable[..., VideoList], write_folders: Callable[..., Path]
) -> None:
    root = write_folders("train/run/a.mkv", "test/jump/b.mkv")
    videos = video_list(root, num_workers=num_workers)
    videos.setup("fit")
    (root / "train" / "run" / "a.mkv").write_text("<html>404</html>")
    with pytest.raises(VideoDecodeError) as caught:
        next(iter(videos.train_dataloader()))
    last_line = str(caught.value).splitlines()[-1]
    # Frames that the error keeps alive keep the worker, which then takes 5 s to be collected.
    caught.value.__traceback__ = None
    del caught
    assert f"{root / 'train' / 'run' / 'a.mkv'}: does not decode" in last_line


def test_real_clips_split_by_sequence(
    video_list: Callable[..., VideoList], data_folder: Path
) -> None:
    videos = video_list(
        data_folder / "ut_interaction" / "clips.csv",
        group_column="sequence",
        test_groups=["9", "10", "19", "20"],
    )
    splits = videos.splits.tolist()
    assert [splits.count(split) for split in SPLITS] == [96, 0, 24]
    assert videos.class_names[3] == "Pointing"
    assert all(Path(path).is_file() for path in videos.paths)


def test_real_annotations_have_every_class_in_every_test_sequence(
    video_list: Callable[..., VideoList], data_folder: Path
) -> None:
    videos = video_list(
        data_folder / "ut_interaction" / "clips.csv",
        group_column="sequence",
        test_groups=["9", "10", "19", "20"],
    )
    labels = [
        label for label, split in zip(videos.labels, videos.splits, strict=True) if split == "test"
    ]
    assert [labels.count(label) for label in range(6)] == [4] * 6


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        ("path,label", ["a.mkv,0", "b.mkv,"]),
        ("path,label,split", ["a.mkv,0,train", "b.mkv,,val"]),
        ("path,label,split", ["a.mkv,0,train", "b.mkv,,"]),
    ],
)
def test_a_video_without_label_that_may_be_needed_is_refused_at_once(
    columns: str,
    rows: list[str],
    video_list: Callable[..., VideoList],
    write_csv: WriteCsv,
) -> None:
    source = write_csv(columns, *rows)
    with pytest.raises(DataError, match=r"line 3: has no label, though other videos do; write"):
        video_list(source)


def test_a_video_without_label_can_be_predicted_but_not_tested(
    video_list: Callable[..., VideoList],
    write_clip: Callable[..., Path],
    write_csv: Callable[..., Path],
) -> None:
    write_clip("a.mkv")
    write_clip("b.mkv")
    source = write_csv("path,label,split", "a.mkv,0,train", "b.mkv,,test")
    videos = video_list(source)
    videos.setup("predict")
    assert next(iter(videos.predict_dataloader()))["label"].tolist() == [-1]
    with pytest.raises(DataError, match=r"b\.mkv: has no label"):
        video_list(source).setup("test")
