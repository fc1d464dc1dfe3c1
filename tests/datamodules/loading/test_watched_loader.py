"""Specification of `WatchedLoader`: a worker that hangs or dies ends the run by file name."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from numpy.random import Generator
from torch.utils.data._utils import pin_memory

from datamodules.clips.views import Views
from datamodules.decoding.video import Video, scan
from datamodules.errors import DataError, VideoDecodeError
from datamodules.loading.sample import SampleKey
from datamodules.loading.video_dataset import VideoDataset
from datamodules.loading.video_records import VideoRecords
from datamodules.loading.watched_loader import WatchedLoader
from tests.datamodules.loading.memory import SLACK, memory_in_use

WriteClip = Callable[..., Path]
LIMIT = 5.0


def hang(video: Video) -> None:
    """Wait for what never comes."""
    threading.Event().wait()


def die(video: Video) -> None:
    """End as the kernel ends a process that takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def fail(video: Video) -> None:
    """Refuse a video."""
    raise VideoDecodeError(f"{video.path}: does not decode")


class BadThird:
    """Reads clips; does something else with c.mkv."""

    def __init__(self, failure: Callable[[Video], None]) -> None:
        self.failure = failure

    def __call__(self, video: Video, rng: Generator) -> Views:
        """Read two frames."""
        if video.path.name == "c.mkv":
            self.failure(video)
        return Views(video.read([0, 1]))


@pytest.fixture
def make_loader(write_clip: WriteClip) -> Callable[..., WatchedLoader]:
    """Return a function that makes a loader of four videos, by default with two workers."""

    def make(failure: Callable[[Video], None], workers: int = 2, **kwargs: Any) -> WatchedLoader:
        paths = [str(write_clip(f"{name}.mkv")) for name in "abcd"]
        records = VideoRecords.of(paths, [0] * 4, [scan(Path(path)) for path in paths])
        keys = [SampleKey(index, 0) for index in range(4)]
        dataset = VideoDataset(records, BadThird(failure))
        limit = LIMIT if workers else 0
        settings = {"sampler": keys, "num_workers": workers, "timeout": limit, **kwargs}
        return WatchedLoader(dataset, files_in_progress=dataset.files_in_progress, **settings)

    return make


@pytest.mark.slow
def test_a_worker_that_hangs_ends_the_run_by_name(
    make_loader: Callable[..., WatchedLoader],
) -> None:
    others = set(multiprocessing.active_children())
    with pytest.raises(DataError) as caught:
        list(make_loader(hang))
    assert set(multiprocessing.active_children()) <= others
    message = str(caught.value)
    assert message.startswith("a loader worker gave no batch within 5 s; files being read: ")
    assert "c.mkv" in message
    assert "a.mkv" not in message


def test_a_worker_that_dies_ends_the_run_by_name(make_loader: Callable[..., WatchedLoader]) -> None:
    with pytest.raises(DataError) as caught:
        list(make_loader(die))
    assert str(caught.value).startswith("a loader worker died; files being read: ")
    assert "c.mkv" in str(caught.value)


def test_a_worker_s_own_error_stays_its_own(make_loader: Callable[..., WatchedLoader]) -> None:
    with pytest.raises(VideoDecodeError, match=r"c\.mkv: does not decode"):
        list(make_loader(fail))


def end_of_file(video: Video) -> None:
    """Raise what Python also raises where a worker dies."""
    raise EOFError(f"{video.path.name} ends early")


@pytest.mark.parametrize("workers", [0, 2])
def test_an_end_of_file_while_reading_is_not_a_worker_s_death(
    make_loader: Callable[..., WatchedLoader], workers: int
) -> None:
    with pytest.raises(EOFError, match=r"c\.mkv ends early"):
        list(make_loader(end_of_file, workers))


def exit_unexpectedly(video: Video) -> None:
    """Raise with the words that torch has for a worker's death."""
    raise RuntimeError("the encoder exited unexpectedly")


def test_a_worker_s_own_message_is_not_taken_for_torch_s(
    make_loader: Callable[..., WatchedLoader],
) -> None:
    with pytest.raises(RuntimeError, match="the encoder exited unexpectedly"):
        list(make_loader(exit_unexpectedly))


@pytest.mark.parametrize("workers", [0, 2])
def test_outside_the_main_thread_an_error_stays_itself(
    make_loader: Callable[..., WatchedLoader], workers: int
) -> None:
    with (
        ThreadPoolExecutor(1) as thread,
        pytest.raises(VideoDecodeError, match=r"c\.mkv: does not"),
    ):
        thread.submit(list, make_loader(fail, workers)).result()


def test_after_an_error_a_loader_of_persistent_workers_starts_again(
    make_loader: Callable[..., WatchedLoader],
) -> None:
    loader = make_loader(fail, persistent_workers=True)
    for _ in range(2):
        with pytest.raises(VideoDecodeError, match=r"c\.mkv: does not decode"):
            list(loader)


@pytest.fixture
def fake_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch pin batches in a thread, as for a GPU; the copies take 2 ms."""
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cpu"))
    monkeypatch.setattr(torch.accelerator, "current_device_index", lambda: 0)
    monkeypatch.setattr(torch.accelerator, "set_device_index", lambda index: None)

    def pin(batch: Any, device: Any = None) -> Any:
        threading.Event().wait(0.002)
        return batch

    monkeypatch.setattr(pin_memory, "pin_memory", pin)


@pytest.mark.usefixtures("fake_accelerator")
def test_the_thread_that_pins_batches_ends_before_the_workers(
    make_loader: Callable[..., WatchedLoader], monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", raised.append)
    order = [SampleKey(number % 2, number) for number in range(30)]
    order += [SampleKey(2, 0), *order]  # c.mkv in the middle
    for _ in range(12):
        with pytest.raises(VideoDecodeError, match=r"c\.mkv: does not decode"):
            list(make_loader(fail, 4, sampler=order, pin_memory=True))
    assert not raised


class Weighed:
    """Reads clips; notes its process and the memory of it before each, in shared memory."""

    def __init__(self, clips: int) -> None:
        self.notes = torch.zeros(clips, 2, dtype=torch.int64).share_memory_()  # process, bytes
        self.done = 0

    def __call__(self, video: Video, rng: Generator) -> Views:
        """Read three frames."""
        self.notes[self.done] = torch.tensor([os.getpid(), memory_in_use()])
        self.done += 1
        return Views(video.read([1, 9, 28]))


@pytest.mark.slow
def test_2000_decodes_leave_memory_flat(write_clip: WriteClip) -> None:
    paths = [write_clip(name, 30, 64, 64) for name in ("a.mp4", "b.mkv", "c.mp4", "d.mkv")]
    records = VideoRecords.of([str(path) for path in paths], [0] * 4, [scan(p) for p in paths])
    keys = [SampleKey(number % 4, number) for number in range(2000)]
    weighed = Weighed(len(keys))
    dataset = VideoDataset(records, weighed)
    loader = WatchedLoader(
        dataset,
        files_in_progress=dataset.files_in_progress,
        batch_size=10,
        sampler=keys,
        num_workers=1,
    )
    own = []
    for number, _ in enumerate(loader):
        if number in (50, 199):
            own.append(memory_in_use())
    (worker,) = set(weighed.notes[:, 0].tolist())
    assert worker != os.getpid()
    assert int(weighed.notes[-1, 1] - weighed.notes[500, 1]) < SLACK
    assert own[1] - own[0] < SLACK


def send_stop_signals(video: Video) -> None:
    """Send a worker what a terminal and a cluster send to all processes of a run."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        os.kill(os.getpid(), number)


def test_workers_leave_signals_to_the_main_process(
    make_loader: Callable[..., WatchedLoader],
) -> None:
    assert len(list(make_loader(send_stop_signals))) == 4


def test_no_order_is_drawn_before_the_first_batch(write_clip: WriteClip) -> None:
    path = write_clip("a.mkv")
    records = VideoRecords.of([str(path)], [0], [scan(path)])
    keys: list[SampleKey] = []
    dataset = VideoDataset(records, BadThird(fail))
    loader = WatchedLoader(dataset, files_in_progress=dataset.files_in_progress, sampler=keys)
    batches = iter(loader)
    keys.append(SampleKey(0, 0))
    assert len(list(batches)) == 1
