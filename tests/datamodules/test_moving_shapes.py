"""Specification of `MovingShapes`: rendered once to real files, the same on every machine."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datamodules import DataError, MovingShapes, moving_shapes
from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.video_scan import scan_video
from datamodules.lists.splitting import SPLITS
from datamodules.loading.sample import SampleKey
from datamodules.shapes.motion import CLASS_NAMES, REVERSED
from tests.small_disk import small_disk

SMALL: dict[str, Any] = {
    **{"train_videos": 16, "val_videos": 8, "test_videos": 8, "video_size": 32},
    **{"num_segments": 4, "short_side": 32, "crop_size": 32, "num_workers": 0},
}


def make(root: Path, **changes: Any) -> MovingShapes:
    """Make a small data set below a folder."""
    return MovingShapes(root=str(root), **{**SMALL, **changes})


def videos_of(root: Path) -> dict[str, Path]:
    """Find the rendered files by their place below the folder."""
    return {str(path.relative_to(root)): path for path in sorted(root.rglob("*.mp4"))}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Render the small data set once for all tests that only read it."""
    folder = tmp_path_factory.mktemp("shapes")
    make(folder).prepare_data()
    return folder


def test_all_videos_are_rendered_before_training(root: Path) -> None:
    assert len(videos_of(root)) == 32


def test_records_name_the_rendered_files(root: Path) -> None:
    shapes = make(root)
    paths = [path for split in SPLITS for path in shapes.load_records(split).paths]
    assert sorted(paths) == sorted(str(path) for path in videos_of(root).values())


@pytest.mark.parametrize(("split", "each"), [("train", 2), ("val", 1), ("test", 1)])
def test_classes_are_balanced(split: Any, each: int, root: Path) -> None:
    labels = make(root).load_records(split).labels.tolist()
    assert [labels.count(label) for label in range(len(CLASS_NAMES))] == [each] * 8


def test_a_label_is_the_class_of_its_folder(root: Path) -> None:
    records = make(root).load_records("train")
    for path, label in zip(records.paths, records.labels, strict=True):
        assert Path(path).parent.name == CLASS_NAMES[label]


def test_frames_are_counted_as_they_decode(root: Path) -> None:
    records = make(root).load_records("val")
    assert records.frames.tolist() == [scan_video(Path(path)).frames for path in records.paths]


def test_videos_have_the_given_size(root: Path) -> None:
    path = Path(make(root).load_records("val").paths[0])
    assert read_frames(path, [0]).shape == (1, 3, 32, 32)


def test_a_second_preparation_renders_nothing(root: Path) -> None:
    before = {name: path.stat().st_mtime_ns for name, path in videos_of(root).items()}
    make(root).prepare_data()
    assert {name: path.stat().st_mtime_ns for name, path in videos_of(root).items()} == before


def test_two_renderings_are_equal_byte_for_byte(root: Path, tmp_path: Path) -> None:
    make(tmp_path).prepare_data()
    first, second = videos_of(root), videos_of(tmp_path)
    assert list(first) == list(second)
    assert all(first[name].read_bytes() == second[name].read_bytes() for name in first)


def test_an_interrupted_rendering_is_continued(tmp_path: Path) -> None:
    few: dict[str, Any] = {"train_videos": 4, "val_videos": 0, "test_videos": 0}
    make(tmp_path, **few).prepare_data()
    lost, *kept = videos_of(tmp_path).values()
    content, times = lost.read_bytes(), [path.stat().st_mtime_ns for path in kept]
    lost.unlink()
    make(tmp_path, **few).prepare_data()
    assert lost.read_bytes() == content
    assert [path.stat().st_mtime_ns for path in kept] == times


def test_more_videos_continue_those_already_there(root: Path, tmp_path: Path) -> None:
    fewer = {"train_videos": 8, "val_videos": 0, "test_videos": 0}
    make(tmp_path, **fewer).prepare_data()
    for name, path in videos_of(tmp_path).items():
        assert path.read_bytes() == videos_of(root)[name].read_bytes()


def test_no_two_videos_show_the_same_scene_in_the_same_direction(root: Path) -> None:
    clips = {
        read_frames(path, [0, 1]).numpy().tobytes(): name for name, path in videos_of(root).items()
    }
    assert len(clips) == 32


def test_splits_share_no_scene(root: Path) -> None:
    shapes = make(root)
    first = {
        split: read_frames(Path(shapes.load_records(split).paths[0]), [0]).double()
        for split in SPLITS
    }
    assert (first["train"] - first["val"]).abs().mean() > 10
    assert (first["train"] - first["test"]).abs().mean() > 10
    assert (first["val"] - first["test"]).abs().mean() > 10


@pytest.mark.parametrize("name", CLASS_NAMES[::2])
def test_the_next_class_plays_the_same_scene_backwards(name: str, root: Path) -> None:
    (folder,) = root.glob("32px-seed0-*/train")
    forward, backward = folder / name / "000001.mp4", folder / REVERSED[name] / "000001.mp4"
    n = scan_video(forward).frames
    assert scan_video(backward).frames == n
    scene = read_frames(forward, range(n)).double()
    played_backwards = read_frames(backward, np.arange(n)[::-1]).double()
    difference = (scene - played_backwards).abs().mean()  # of two lossy encodings
    assert difference < (scene - scene.flip(0)).abs().mean() / 2


def test_other_render_seeds_give_other_scenes_in_another_folder(root: Path, tmp_path: Path) -> None:
    few: dict[str, Any] = {"train_videos": 1, "val_videos": 0, "test_videos": 0}
    make(tmp_path, render_seed=1, **few).prepare_data()
    (name,) = videos_of(tmp_path)
    assert name not in videos_of(root)
    (file,) = root.glob("32px-seed0-*/train/left/000000.mp4")
    before = read_frames(file, [0]).double()
    assert (read_frames(tmp_path / name, [0]).double() - before).abs().mean() > 10


def test_the_runs_seed_changes_no_video(root: Path) -> None:
    before = {name: path.stat().st_mtime_ns for name, path in videos_of(root).items()}
    make(root, seed=5).prepare_data()
    assert {name: path.stat().st_mtime_ns for name, path in videos_of(root).items()} == before


@pytest.mark.parametrize("video_size", [0, 14, 33, 71])
def test_sizes_that_cannot_be_encoded_are_refused(video_size: int, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"video_size={video_size} must be even and at least 16"):
        make(tmp_path, video_size=video_size)


def test_a_rendered_file_that_was_damaged_stops_the_run_by_name(tmp_path: Path) -> None:
    few: dict[str, Any] = {"train_videos": 2, "val_videos": 0, "test_videos": 0}
    make(tmp_path, **few).prepare_data()
    damaged = next(iter(videos_of(tmp_path).values()))
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(DataError) as caught:
        make(tmp_path, **few).prepare_data()
    assert str(caught.value).startswith(f"1 of 2 videos cannot be used: {damaged}: ")


def test_a_full_disk_stops_the_rendering_and_leaves_no_half_file(tmp_path: Path) -> None:
    few: dict[str, Any] = {"train_videos": 2, "val_videos": 0, "test_videos": 0}
    with small_disk(), pytest.raises(DataError, match=r"000000\.mp4: cannot be written \("):
        make(tmp_path, **few).prepare_data()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_another_encoding_is_kept_in_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(tmp_path).folder
    monkeypatch.setitem(moving_shapes.ENCODER_OPTIONS, "crf", "30")
    assert make(tmp_path).folder != folder


def test_another_renderer_is_kept_in_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(tmp_path).folder
    monkeypatch.setattr(moving_shapes, "RENDERER_VERSION", moving_shapes.RENDERER_VERSION + 1)
    assert make(tmp_path).folder != folder


def test_mirrored_training_clips_show_the_mirrored_class(root: Path) -> None:
    plain, mirrored = make(root), make(root, flip_probability=1.0)
    labels = []
    for shapes in (plain, mirrored):
        shapes.setup("fit")
        dataset = shapes.train_dataloader().dataset
        labels.append([dataset[SampleKey(index, 0)]["label"] for index in range(8)])
    names = [[CLASS_NAMES[label] for label in some] for some in labels]
    assert names[0] == list(CLASS_NAMES)
    assert names[1] == [
        "right",
        "left",
        "up",
        "down",
        "approach",
        "recede",
        "anticlockwise",
        "clockwise",
    ]
