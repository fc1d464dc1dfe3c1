"""Specification of reading from a pack: the same frames as from the files, and clear errors."""

import gc
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from datamodules import VideoList
from datamodules.decoding.image_series import ImageSeries
from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.video import Video, scan
from datamodules.errors import DataError, VideoAccessError, VideoDecodeError
from datamodules.packs.find import find_packed, open_pack
from datamodules.packs.pack_index import PackIndex
from tests.datamodules.loading.memory import SLACK, memory_in_use
from tests.datamodules.originals import FILES, FOLDERS, NAMES, Originals


def change_byte(path: Path, place: int) -> None:
    """Flip the bits of one byte of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 255
    path.write_bytes(content)


@pytest.fixture
def packed(originals: Originals) -> Originals:
    """Pack the videos in several tar files."""
    assert originals.packed() == 0
    assert len(list(originals.pack.glob("*.tar"))) > 2
    return originals


def read_all(path: Path) -> torch.Tensor:
    facts = scan(path)
    return Video(path, facts.frames, facts.seek_index).read(range(facts.frames))


@pytest.mark.parametrize("name", NAMES)
def test_facts_and_frames_are_those_of_the_original(name: str, packed: Originals) -> None:
    original, copy = packed.folder / name, packed.pack / name
    assert scan(copy) == scan(original)
    assert torch.equal(read_all(copy), read_all(original))


@pytest.mark.parametrize("name", ["a/one.mp4", "frames/8"])
def test_frames_are_read_at_random(name: str, packed: Originals) -> None:
    facts = scan(packed.pack / name)
    indices = [5, 0, 8, 5]
    copy = Video(packed.pack / name, facts.frames, facts.seek_index).read(indices)
    original = Video(packed.folder / name, facts.frames, facts.seek_index).read(indices)
    assert torch.equal(copy, original)


def test_a_reader_that_knows_no_pack_yet_finds_it(packed: Originals, tmp_path: Path) -> None:
    moved = packed.pack.rename(tmp_path / "moved")
    assert torch.equal(
        read_frames(moved / "a/one.mp4", [3]), read_frames(packed.folder / "a/one.mp4", [3])
    )


def test_files_beside_the_videos_are_no_videos(packed: Originals) -> None:
    assert find_packed(packed.pack / "00000.tar") is None
    assert find_packed(packed.pack / "a") is None
    with pytest.raises(VideoAccessError, match="no such file"):
        scan(packed.pack / "a" / "four.mp4")


def test_a_pack_is_read_in_class_folders_in_the_order_of_the_files(packed: Originals) -> None:
    loose = VideoList(str(packed.folder), index_dir=str(packed.index))
    copy = VideoList(str(packed.pack), index_dir=str(packed.index))
    names = [os.path.relpath(path, packed.folder) for path in loose.paths]
    assert names == list(FILES)
    assert [os.path.relpath(path, packed.pack) for path in copy.paths] == names
    assert copy.labels == loose.labels
    assert copy.identity == loose.identity


def test_a_read_only_folder_is_read(packed: Originals) -> None:
    for place in (*packed.pack.iterdir(), packed.pack):
        place.chmod(0o555 if place.is_dir() else 0o444)
    before = sorted(packed.pack.iterdir())
    assert packed.run("verify", source=packed.pack / "list.csv") == 0
    assert sorted(packed.pack.iterdir()) == before
    packed.pack.chmod(0o755)


def test_a_copy_that_keeps_times_is_not_scanned_again(
    packed: Originals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = VideoList(str(packed.pack / "list.csv"), index_dir=str(packed.index))
    known = data.index.facts(data.paths)
    packed.pack.rename(tmp_path / "elsewhere")
    shutil.copytree(tmp_path / "elsewhere", packed.pack)
    monkeypatch.setattr("datamodules.decoding.video_index.scan", None)
    again = VideoList(str(packed.pack / "list.csv"), index_dir=str(packed.index))
    assert again.index.facts(again.paths) == known


def test_an_altered_image_is_named(packed: Originals) -> None:
    path = packed.pack / "frames/8"
    video = find_packed(path)
    assert video is not None
    series = ImageSeries.from_bytes(video.series)
    facts = scan(path)
    place = int(video.members["offset"][4]) + int(video.members["size"][4]) // 2
    change_byte(video.shard.path, place)
    reader = Video(path, facts.frames, facts.seek_index)
    assert len(reader.read([3, 5])) == 2
    with pytest.raises(VideoDecodeError, match=f"{series.name(4)}: has been altered since it was"):
        reader.read([3, 4])


def test_an_altered_video_is_named_before_training(
    packed: Originals, capsys: pytest.CaptureFixture[str]
) -> None:
    video = find_packed(packed.pack / "a/one.mp4")
    assert video is not None
    times = os.stat(video.shard.path)
    place = int(video.members["offset"][0])
    content = video.shard.path.read_bytes()[place:]
    change_byte(video.shard.path, place + content.index(b"Lavf"))  # decodes all the same
    data = VideoList(str(packed.pack / "list.csv"), index_dir=str(packed.index))
    with pytest.raises(DataError, match=r"one\.mp4: has been altered since it was packed"):
        data.load_records("train")
    change_byte(video.shard.path, place + content.index(b"Lavf"))
    data.load_records("train")
    change_byte(video.shard.path, place + content.index(b"Lavf"))
    os.utime(video.shard.path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert packed.run("verify", source=packed.pack / "list.csv") == 1
    assert "one.mp4: has been altered since it was packed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (Path.unlink, r"00001\.tar: this part of the pack cannot be found \(No such file"),
        (lambda path: os.truncate(path, 1000), r"00001\.tar: this part of the pack has 1,000 of"),
    ],
)
def test_a_missing_or_cut_part_ends_a_run_before_any_work(
    damage: Callable[[Path], None],
    message: str,
    packed: Originals,
    capsys: pytest.CaptureFixture[str],
) -> None:
    damage(packed.pack / "00001.tar")
    (packed.pack / "pack.sqlite").touch()  # so that this process opens it anew
    assert packed.run("index", source=packed.pack / "list.csv") == 1
    (line,) = capsys.readouterr().err.splitlines()
    with pytest.raises(DataError, match=message):
        PackIndex(packed.pack)
    assert "copy the pack again" in line


def test_a_part_that_is_cut_while_it_is_read_is_named(packed: Originals) -> None:
    path = packed.pack / "frames/8"
    facts, video = scan(path), find_packed(path)
    assert video is not None
    os.truncate(video.shard.path, 1000)
    with pytest.raises(VideoAccessError, match=r"frames/8: its part of the pack, .* has 1,000 of"):
        Video(path, facts.frames, facts.seek_index).read([0])


def test_a_damaged_index_is_one_line(packed: Originals) -> None:
    (packed.pack / "pack.sqlite").write_bytes(b"no index" * 1000)
    with pytest.raises(DataError, match=r"pack\.sqlite: cannot be read .*; copy the pack again"):
        open_pack(packed.pack)


def test_an_index_of_another_version_is_refused(packed: Originals) -> None:
    with sqlite3.connect(packed.pack / "pack.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DataError, match="has version 99, 1 is needed; write the pack again"):
        open_pack(packed.pack)


def test_neither_open_files_nor_memory_grow(packed: Originals) -> None:
    videos = []
    for name in ("a/one.mp4", *FOLDERS):
        facts = scan(packed.pack / name)
        videos.append(Video(packed.pack / name, facts.frames, facts.seek_index))
    for _ in range(200):
        for video in videos:
            video.read([0])
    gc.collect()
    open_files, memory = len(os.listdir("/proc/self/fd")), memory_in_use()
    for number in range(10_000):
        videos[2 if number % 50 else 0].read([number % 9])
    assert len(os.listdir("/proc/self/fd")) == open_files
    assert memory_in_use() - memory < SLACK


def test_eight_workers_read_a_pack_without_growing(originals: Originals) -> None:
    originals.list_only(*FOLDERS * 100)
    originals.packed()
    data = VideoList(
        str(originals.pack / "list.csv"),
        index_dir=str(originals.index),
        num_segments=4,
        short_side=16,
        crop_size=16,
        batch_size=10,
        num_workers=8,
    )
    data.setup("fit")
    loader: Any = data.train_dataloader()

    def after_an_epoch(epoch: int) -> tuple[list[int], int]:
        loader.sampler.set_epoch(epoch)
        assert sum(len(batch["path"]) for batch in loader) == 200
        processes = [worker.pid for worker in loader._iterator._workers]
        open_files = [open_in(originals.pack, process) for process in processes]
        return open_files, sum(map(memory_in_use, processes))

    after_an_epoch(0)
    _, memory = after_an_epoch(1)
    for epoch in (2, 3, 4):
        open_files, now = after_an_epoch(epoch)
        # The index, and perhaps that of the process which started the worker.
        assert max(open_files) <= 2
    assert now - memory < 8 * SLACK


def open_in(folder: Path, process: int) -> int:
    """Count a process's open files in a folder."""
    links = Path(f"/proc/{process}/fd").iterdir()
    return sum(os.path.realpath(link).startswith(str(folder)) for link in links)


def test_copies_are_transcoded_and_packed_from_a_pack(packed: Originals, tmp_path: Path) -> None:
    copies, second = tmp_path / "copies", tmp_path / "second"
    source = packed.pack / "list.csv"
    assert packed.run("transcode", f"--output={copies}", source=source) == 0
    assert read_frames(copies / "frames/7.mp4", range(9)).shape == (9, 3, 48, 64)
    assert packed.run("pack", f"--output={second}", source=source) == 0
    assert torch.equal(read_all(second / "frames/7"), read_all(packed.folder / "frames/7"))
