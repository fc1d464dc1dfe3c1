"""Runs work in threads, with a progress bar and a clean stop."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from datamodules.cores import available_cores
from datamodules.progress import with_progress

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(
    work: Callable[[Item], Result], items: Sequence[Item], title: str, jobs: int | None
) -> Iterator[Result]:
    """Yield ``work(item)`` in order; at Ctrl-C, started items finish and the others are dropped.

    Args:
        work: Releases Python's GIL most of the time, as FFmpeg and Pillow do.
        items: The arguments of ``work``.
        title: Title of the progress bar.
        jobs: Number of threads; None for one per core.
    """
    with ThreadPoolExecutor(jobs or available_cores()) as pool:
        try:
            yield from with_progress(pool.map(work, items), title, len(items))
        finally:
            pool.shutdown(cancel_futures=True)
