"""Specification of a start with several processes: one of a machine reads, the others share it."""

import os
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from datamodules import DataError, VideoList, file_states
from datamodules.loading.machine_share import MachineShare
from datamodules.loading.video_dataset import VideoDataset
from datamodules.loading.video_records import VideoRecords

WriteClip = Callable[..., Path]
WriteCsv = Callable[..., Path]
Start = Callable[..., list[VideoList]]


class Strategy:
    """Two processes that are threads: what Lightning's strategies do for processes."""

    def __init__(self, processes: int) -> None:
        self.waiting = threading.Barrier(processes, timeout=60)
        self.said: list[str] = []
        self.lock = threading.Lock()

    def barrier(self, name: str) -> None:
        """Wait for the other process."""
        self.waiting.wait()

    def broadcast(self, value: str) -> str:
        """Give all processes the value of one."""
        with self.lock:
            self.said.append(value)
        self.waiting.wait()
        return self.said[0]


@pytest.fixture
def source(write_clip: WriteClip, write_csv: WriteCsv) -> Path:
    """List eight videos for training, four for validation."""
    rows = []
    for number in range(12):
        write_clip(f"{number}.mkv", 10 + number)
        rows.append(f"{number}.mkv,{number % 2},{'train' if number < 8 else 'val'}")
    return write_csv("path,label,split", *rows)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a folder of temporary files that the test can look into."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often each file is asked for its state."""
    counts: Counter[str] = Counter()

    def note(path: str) -> os.stat_result:
        counts[Path(path).name] += 1
        return os.stat(path)

    monkeypatch.setattr(file_states, "os", SimpleNamespace(stat=note))
    return counts


@pytest.fixture
def start(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Return a function that starts a fit in two processes of one machine, or of two."""

    def run(nodes: int = 1, file: Path = source, **settings: Any) -> list[VideoList]:
        strategy = Strategy(2)
        processes: list[VideoList] = []
        for rank in range(2):
            local, node = (rank, 0) if nodes == 1 else (0, rank)
            monkeypatch.setenv("LOCAL_RANK", str(local))
            folder = tmp_path / (f"index{node}" if nodes > 1 else "index")
            usual: dict[str, Any] = {"index_dir": str(folder), "num_workers": 0, "batch_size": 2}
            data = VideoList(str(file), **usual, **settings)
            data.read_lists("fit")
            trainer: Any = SimpleNamespace(
                global_rank=rank, local_rank=local, node_rank=node, world_size=2, strategy=strategy
            )
            trainer.training = False
            data.trainer = trainer
            processes.append(data)
        for data in processes:
            if data.trainer is not None and data.trainer.local_rank == 0:
                data._load(("train", "val"))  # as `prepare_data` does
        with ThreadPoolExecutor(2) as pool:
            for ended in [pool.submit(data.setup, "fit") for data in processes]:
                ended.result()
        return processes

    return run


def columns(records: VideoRecords) -> Iterator[tuple[str, list[int]]]:
    """List the content of records."""
    for name, values in vars(records).items():
        yield name, values.tolist()


def test_all_processes_have_the_same_videos(start: Start) -> None:
    first, second = start()
    for split in ("train", "val"):
        assert dict(columns(first.records[split])) == dict(columns(second.records[split]))
        assert first.coverage[split] == second.coverage[split]
    assert first.describe() == second.describe()
    assert first.result_name == second.result_name


def test_all_processes_show_the_same_videos_backwards(start: Start) -> None:
    for data in start(reversal="double"):
        assert data.records["train"].backwards.tolist() == [False, True] * 8
        assert data.records["train"].labels.tolist() == [0, 2, 1, 3] * 4


def test_each_file_is_asked_for_by_one_process(start: Start, asked: Counter[str]) -> None:
    start()
    assert set(asked.values()) == {2}  # is it in the list twice? has it changed since its scan?


def test_the_processes_share_one_copy(start: Start) -> None:
    for data in start():
        for values in vars(data.records["train"]).values():
            assert isinstance(values.base, np.memmap)
            assert not values.flags.writeable


def test_nothing_is_left_among_the_temporary_files(start: Start, temporary: Path) -> None:
    start()
    assert list(temporary.iterdir()) == []


def test_shared_videos_can_be_read(start: Start) -> None:
    first, second = start()
    keys = [list(data.train_dataloader().sampler) for data in (first, second)]
    assert sorted(key.record for key in [*keys[0], *keys[1]]) == list(range(8))
    batches: list[Any] = [next(iter(data.val_dataloader())) for data in (first, second)]
    assert [batch["index"].tolist() for batch in batches] == [[0, 2], [1, 3]]


def test_videos_that_are_not_decoded_yet_can_be_read_by_all(start: Start) -> None:
    first, second = start(look="packets")
    assert [data.records["val"].unproven() for data in (first, second)] == [4, 4]
    decoded = start()[0]
    batches: list[Any] = [next(iter(data.val_dataloader())) for data in (first, second)]
    whole = VideoDataset(decoded.records["val"], decoded.loaders["val"].views)
    for batch in batches:
        expected = torch.stack([whole[index]["clips"] for index in batch["index"].tolist()])
        assert torch.equal(batch["clips"], expected)


def test_without_temporary_files_every_process_reads_by_itself(
    start: Start, temporary: Path
) -> None:
    temporary.rmdir()
    temporary.write_text("a file, no folder")
    with pytest.warns(UserWarning, match=r"cannot be written \(Not a directory\), so every proc"):
        first, second = start()
    assert dict(columns(first.records["train"])) == dict(columns(second.records["train"]))
    assert first.describe() == second.describe()


def test_a_process_that_does_not_see_the_folder_reads_by_itself(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = MachineShare._read

    def looks_elsewhere(share: MachineShare) -> Any:
        return read(share) if share.trainer.local_rank == 0 else None

    monkeypatch.setattr(MachineShare, "_read", looks_elsewhere)
    first, second = start()
    assert dict(columns(first.records["train"])) == dict(columns(second.records["train"]))


def test_two_machines_with_an_index_each_have_the_same_videos(
    start: Start, tmp_path: Path, temporary: Path
) -> None:
    first, second = start(nodes=2)
    assert dict(columns(first.records["train"])) == dict(columns(second.records["train"]))
    assert first.describe() == second.describe()
    indexes = [tmp_path / f"index{node}" / "videos.sqlite" for node in range(2)]
    assert [index.is_file() for index in indexes] == [True, True]
    assert list(temporary.iterdir()) == []


def test_a_list_that_changed_is_read_anew_by_all(
    start: Start, source: Path, write_clip: WriteClip
) -> None:
    start()
    write_clip("new.mkv", 30)
    source.write_text(source.read_text() + "new.mkv,0,train\n")
    for data in start():
        assert data.records["train"].frames.tolist() == [*range(10, 18), 30]


def test_a_file_that_changed_is_scanned_anew_for_all(start: Start, write_clip: WriteClip) -> None:
    start()
    write_clip("0.mkv", 33)
    for data in start():
        assert data.records["train"].frames[0] == 33


def test_one_file_in_two_splits_is_refused_by_the_first_process(start: Start, source: Path) -> None:
    os.link(source.parent / "0.mkv", source.parent / "again.mkv")
    source.write_text(source.read_text() + "again.mkv,0,val\n")
    with pytest.raises(DataError, match=r"list one video, .* with split 'train' and 'val'"):
        start()
