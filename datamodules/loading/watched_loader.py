"""A DataLoader that names the files being read when one of its workers hangs or dies."""

import atexit
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from torch.utils.data import DataLoader
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from datamodules.errors import DataError

EXITED, TIMED_OUT = "exited unexpectedly", "DataLoader timed out"
KILLED = "killed by signal"
"""Parts of torch's messages."""


class WatchedLoader(DataLoader[Any]):
    """A DataLoader whose errors name the files that its workers were reading.

    With workers, one that dies, or takes longer than ``timeout`` seconds for a batch, ends the
    run. Any error ends the iteration and kills all workers, since some may hang. Workers ignore the
    signals that ask a run to stop, which clusters often send to all processes: the main process
    handles them, and needs its workers until it has saved a checkpoint.

    Workers start, and the order is drawn, at the first batch: Lightning calls ``iter`` before it
    calls the sampler's ``set_epoch``.

    Args:
        *args: Arguments of the DataLoader.
        files_in_progress: Names the files that workers are reading.
        **kwargs: Arguments of the DataLoader.

    Raises:
        DataError: While iterating, if a worker hangs or dies.
    """

    def __init__(
        self, *args: Any, files_in_progress: Callable[[], Sequence[str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **{**kwargs, "worker_init_fn": _ignore_stop_signals})
        self.files_in_progress = files_in_progress
        if self.num_workers:
            atexit.unregister(_kill_workers_at_exit)  # once is enough
            atexit.register(_kill_workers_at_exit)

    def __iter__(self) -> Any:
        """Iterate over batches."""
        return _WatchedIterator(super().__iter__, self)


def _ignore_stop_signals(worker: int) -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(name, signal.SIG_IGN)


def _kill_workers_at_exit() -> None:
    """Kill the workers when this process ends: torch would wait for those that hang."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # torch would raise for each worker that ends
    for process in multiprocessing.active_children():
        if process.daemon:
            process.kill()


class _WatchedIterator:
    """One iteration over a loader, which starts at the first batch."""

    def __init__(self, start: Callable[[], Iterator[Any]], loader: WatchedLoader) -> None:
        self.start = start
        self.batches: Iterator[Any] | None = None
        self.loader = loader
        _iterators.add(self)

    def __iter__(self) -> "_WatchedIterator":
        return self

    def __next__(self) -> Any:
        if self.batches is None:
            self.batches = self.start()
        try:
            batch = next(self.batches)
            while batch is None:  # all of its videos are left out
                batch = next(self.batches)
            return batch
        except StopIteration:
            raise
        except Exception as error:
            failure = self._describe_worker_failure(error)
            worker_error = _worker_error(failure, [self]) if failure else None
            _kill_workers_of([self])
            if worker_error is None:
                raise
            raise worker_error from error

    def _describe_worker_failure(self, error: Exception) -> str:
        """Describe whether a worker hung or died; "" if an error has another cause."""
        message = str(error)
        has_workers = isinstance(self.batches, _MultiProcessingDataLoaderIter)
        if not has_workers or message.startswith(
            "Caught "
        ):  # a worker's own exception, re-raised here
            return ""
        if isinstance(error, RuntimeError) and TIMED_OUT in message:
            return f"gave no batch within {self.loader.timeout:g} s"
        exited = isinstance(error, RuntimeError) and EXITED in message
        while_sending = isinstance(error, ConnectionError | EOFError)
        return "died" if exited or while_sending else ""


_iterators: WeakSet[_WatchedIterator] = WeakSet()


def find_dead_worker(error: BaseException | None) -> DataError | None:
    """Make an error that names the files being read, if a worker's death caused an error.

    torch is told of a death by a signal (SIGCHLD) and raises a RuntimeError at once, wherever the
    process is, for example in a training step.

    Args:
        error: The error that ended the run.

    Returns:
        The error to report instead; None if no worker died.
    """
    while error is not None:
        if isinstance(error, RuntimeError) and KILLED in str(error):
            iterators = list(_iterators)
            worker_error = _worker_error("died", iterators)
            _kill_workers_of(iterators)
            return worker_error
        error = error.__cause__ or error.__context__
    return None


def _kill_workers_of(iterators: Sequence[_WatchedIterator]) -> None:
    """Kill the workers, since one that hangs does not end when asked to."""
    with _sigchld_ignored():
        for iterator in iterators:
            batches = iterator.batches
            if not isinstance(batches, _MultiProcessingDataLoaderIter):
                continue
            if hasattr(batches, "_pin_memory_thread"):  # first: it reads what workers send
                batches._pin_memory_thread_done_event.set()
                batches._worker_result_queue.put((None, None))  # wakes it
                batches._pin_memory_thread.join()
            for worker in batches._workers:
                worker.kill()
            batches._shutdown_workers()
            iterator.loader._iterator = None  # or a loader of persistent workers would use it again


@contextmanager
def _sigchld_ignored() -> Iterator[None]:
    """Keep torch from raising an error for each worker that ends, while the run is ending."""
    if threading.current_thread() is not threading.main_thread():  # may not change signals
        yield
        return
    usual = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, usual)


def _worker_error(failure: str, iterators: Sequence[_WatchedIterator]) -> DataError:
    files = [file for iterator in iterators for file in iterator.loader.files_in_progress()]
    reading = "; ".join(dict.fromkeys(files)) or "none; memory may have run out"
    return DataError(
        f"a loader worker {failure}; files being read: {reading}. Check them with "
        "python -m datamodules.prepare verify, or set a longer data.worker_timeout"
    )
