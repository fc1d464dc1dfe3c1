"""A loader that can say which files its workers were reading when one of them hung or died."""

import atexit
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import torch
from torch.utils.data import DataLoader, get_worker_info
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from datamodules.errors import DataError

IDLE = -1
MAX_SLOTS = 256
DIED, TIMED_OUT = "exited unexpectedly", "DataLoader timed out"
SIGNALLED = "killed by signal"


class InProgress:
    """Which record each worker reads, in memory that the processes share."""

    def __init__(self) -> None:
        self._records = torch.full((MAX_SLOTS,), IDLE, dtype=torch.int64).share_memory_()

    def begin(self, record: int) -> None:
        """Note what this process is about to read."""
        self._records[self._slot()] = record

    def end(self) -> None:
        """Note that it has been read."""
        self._records[self._slot()] = IDLE

    def records(self) -> list[int]:
        """List what is being read now."""
        return [record for record in self._records.tolist() if record != IDLE]

    @staticmethod
    def _slot() -> int:
        worker = get_worker_info()
        return worker.id % MAX_SLOTS if worker else 0


class WatchedLoader(DataLoader[Any]):
    """A DataLoader of a `datamodules.loading.video_dataset.VideoDataset`.

    With workers, one that dies, or takes longer than ``timeout`` seconds for a batch, ends the
    run. Any error ends the iteration and all its workers, which may hang. Signals that ask a run
    to stop are the main process's to answer: workers, which are often sent them as well, go on
    until it has saved.

    Nothing is read, and no order is asked for, before the first batch is: Lightning begins to
    iterate before it has told the sampler the epoch.

    Raises:
        DataError: While iterating, naming the files that were being read.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "worker_init_fn": _leave_signals_alone})
        if self.num_workers:
            atexit.unregister(_end_workers)  # once is enough
            atexit.register(_end_workers)

    def __iter__(self) -> Any:
        """Iterate over batches."""
        return _WatchedIterator(super().__iter__, self)


def _leave_signals_alone(worker: int) -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(name, signal.SIG_IGN)


def _end_workers() -> None:
    """Do not wait, at this process's end, for workers that hang and take no polite signal."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # torch would raise at each one's end
    for process in multiprocessing.active_children():
        if process.daemon:
            process.kill()


class _WatchedIterator:
    def __init__(self, begin: Callable[[], Iterator[Any]], loader: WatchedLoader) -> None:
        self.begin = begin
        self.batches: Iterator[Any] | None = None
        self.loader = loader
        _in_use.add(self)

    def __iter__(self) -> "_WatchedIterator":
        return self

    def __next__(self) -> Any:
        if self.batches is None:
            self.batches = self.begin()
        try:
            return next(self.batches)
        except StopIteration:
            raise
        except Exception as error:
            misfortune = self._misfortune(error)
            account = _account(misfortune, [self]) if misfortune else None
            _end_workers_of([self])
            if account is None:
                raise
            raise account from error

    def _misfortune(self, error: Exception) -> str:
        """Tell what became of a worker; nothing if there are none or it sent an own error."""
        message = str(error)
        of_workers = isinstance(self.batches, _MultiProcessingDataLoaderIter)
        if not of_workers or message.startswith("Caught "):
            return ""
        if isinstance(error, RuntimeError) and TIMED_OUT in message:
            return f"gave no batch within {self.loader.timeout:g} s"
        died = isinstance(error, RuntimeError) and DIED in message
        while_handing_over = isinstance(error, ConnectionError | EOFError)
        return "died" if died or while_handing_over else ""


_in_use: WeakSet[_WatchedIterator] = WeakSet()


def find_dead_worker(error: BaseException | None) -> DataError | None:
    """Find a worker's death behind an error, and name the files that were being read.

    torch hears of a death at once and raises a RuntimeError wherever the process is at that
    moment, which may be far from the loader, such as in a step of the network.
    """
    while error is not None:
        if isinstance(error, RuntimeError) and SIGNALLED in str(error):
            iterators = list(_in_use)
            account = _account("died", iterators)
            _end_workers_of(iterators)
            return account
        error = error.__cause__ or error.__context__
    return None


def _end_workers_of(iterators: Sequence[_WatchedIterator]) -> None:
    """End workers at once, whatever they do: one that hangs takes no polite signal."""
    with _deaths_unheard():
        for iterator in iterators:
            batches = iterator.batches
            if not isinstance(batches, _MultiProcessingDataLoaderIter):
                continue
            if hasattr(batches, "_pin_memory_thread"):  # first: it reads what workers hand over
                batches._pin_memory_thread_done_event.set()
                batches._worker_result_queue.put((None, None))  # wakes it
                batches._pin_memory_thread.join()
            for worker in batches._workers:
                worker.kill()
            batches._shutdown_workers()
            iterator.loader._iterator = None  # a loader of persistent workers would go on with it


@contextmanager
def _deaths_unheard() -> Iterator[None]:
    """Keep torch from raising at each worker's end, in the midst of all that ends a run."""
    if threading.current_thread() is not threading.main_thread():  # may not change signals
        yield
        return
    usual = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, usual)


def _account(what: str, iterators: Sequence[_WatchedIterator]) -> DataError:
    files: dict[str, None] = {}  # each once, in order
    for iterator in iterators:
        dataset: Any = iterator.loader.dataset
        for record in dataset.in_progress.records():
            files[str(dataset.records.paths[record])] = None
    reading = "; ".join(files) or "none; memory may have run out"
    return DataError(
        f"a loader worker {what}; files being read: {reading}. Look at them with "
        "python -m datamodules.prepare verify, or state a longer data.worker_timeout"
    )
