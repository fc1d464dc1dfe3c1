"""Specification of what `VideoList` refuses, counts or logs at the start, before any work."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from datamodules import DataError, VideoList

WriteCsv = Callable[..., Path]
IDENTITIES = [
    "92c094f9 (28 train, 6 val, 6 test videos)",
    "3425e804 (7 train, 1 val, 2 test videos)",
    "fe945b94 (1 train, 1 val, 1 test videos)",
]


def test_groups_that_differ_only_in_spelling_are_logged(
    video_list: Callable[..., VideoList], write_csv: WriteCsv, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [f"{number}.mkv,0,{group}" for number, group in enumerate(["Ada", "Bob", "ada", "Eve"])]
    file = write_csv("path,label,group", *rows)
    with caplog.at_level("INFO"):
        video_list(file)
    assert f"{file}, line 2 and {file}, line 4: 'Ada' and 'ada' count as two groups" in caplog.text


def test_what_is_not_read_is_logged_in_one_line_at_the_start(
    video_list: Callable[..., VideoList],
    write_folders: Callable[..., Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    names = ("run/a.mkv", "jump/b.mkv", "run/p1/c.mkv", "run/d.xyz", ".ipynb_checkpoints/e.mkv")
    root = write_folders(*names)
    with caplog.at_level("INFO"):
        videos = video_list(root, val_fraction=0, test_fraction=0)
    assert videos.class_names == ("jump", "run")
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == (
        f"{root}: ignored: 1 hidden or system folder (.ipynb_checkpoints), 1 file of unknown "
        "ending (.xyz), 1 video deeper than <class>/<video> (run/p1)"
    )


def test_nothing_is_logged_if_all_files_are_read(
    video_list: Callable[..., VideoList],
    write_folders: Callable[..., Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("INFO"):
        video_list(write_folders("run/a.mkv", "jump/b.mkv"), val_fraction=0, test_fraction=0)
    assert not caplog.records


def test_labels_of_pandas_are_integers_and_missing_ones_are_missing(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    rows = [f"{number}.mkv,{number}.0,train" for number in range(11)]
    file = write_csv("path,label,split", *rows, "x.mkv,nan,test")
    videos = video_list(file)
    assert videos.class_names == tuple(map(str, range(11)))
    assert videos.labels == [*range(11), -1]


def test_a_missing_label_of_pandas_that_may_be_needed_is_refused(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    with pytest.raises(DataError, match="line 3: has no label, though other videos do"):
        video_list(write_csv("path,label", "a.mkv,0", "b.mkv,nan"))


def test_class_folders_that_differ_only_in_case_are_refused(
    video_list: Callable[..., VideoList], write_folders: Callable[..., Path]
) -> None:
    root = write_folders("train/Walk/a.mkv", "test/walk/b.mkv")
    with pytest.raises(DataError, match="classes 'Walk' and 'walk' differ only in case"):
        video_list(root)


@pytest.mark.parametrize("link", ["symlink", "hard link", "linked folder"])
def test_a_video_that_is_linked_into_two_splits_is_refused(
    link: str, video_list: Callable[..., VideoList], write_folders: Callable[..., Path]
) -> None:
    root = write_folders("train/run/a.mkv", "train/jump/b.mkv")
    (root / "test").mkdir()
    if link == "linked folder":
        (root / "test" / "run").symlink_to(root / "train" / "run")
    else:
        (root / "test" / "run").mkdir()
        make = os.symlink if link == "symlink" else os.link
        make(root / "train" / "run" / "a.mkv", root / "test" / "run" / "c.mkv")
    with pytest.raises(DataError, match=r"list one video, .* with split 'train' and 'test'"):
        video_list(root)


def test_a_video_that_is_listed_by_two_paths_is_drawn_into_one_split(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    rows = [f"{dots}{number}.mkv,0" for dots in ("", "x/../") for number in range(10)]
    for seed in range(10):
        splits = video_list(write_csv("path,label", *rows), split_seed=seed).splits.tolist()
        assert splits[:10] == splits[10:]


def test_a_fit_with_one_class_is_refused_before_any_video_is_read(
    video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    source = write_csv("path,label,split", "nowhere.mkv,walk,train")
    with pytest.raises(DataError, match="has only the class 'walk', so there is nothing to"):
        video_list(source).prepare_data()


@pytest.mark.parametrize("name", ["list.tsv", "list.txt", "list.CSV"])
def test_a_list_may_have_another_ending(
    name: str, video_list: Callable[..., VideoList], write_csv: WriteCsv
) -> None:
    videos = video_list(write_csv("path\tlabel\tsplit", "a.mkv\t0\ttrain", name=name))
    assert (videos.labels, videos.root) == ([0], None)


def test_the_identity_of_a_list_stays_what_checkpoints_remember(
    video_list: Callable[..., VideoList], write_csv: WriteCsv, write_folders: Callable[..., Path]
) -> None:
    """The checksums were taken before class folders and labels were checked more closely."""
    file = write_csv("path,label,group", *(f"{n}.mkv,{n % 3},{n % 7}" for n in range(40)))
    drawn = video_list(file).identity
    root = write_folders(*(f"{'run' if n % 2 else 'Jump'}/{n}.mkv" for n in range(10)))
    split = write_folders("train/run/a.mkv", "val/jump/b.mkv", "test/run/c.mkv", root="splits")
    identities = [drawn, video_list(root).identity, video_list(split).identity]
    assert [identity["list"] for identity in identities] == IDENTITIES
