"""Works on many things at once, with a progress bar, and stops cleanly."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from rich.progress import track

from datamodules.cores import available_cores

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(
    work: Callable[[Item], Result], items: Sequence[Item], title: str, jobs: int | None
) -> Iterator[Result]:
    """Yield ``work`` of each item, in order; Ctrl-C lets begun ones finish and drops the others.

    Args:
        work: Spends its time outside Python's lock, as FFmpeg and torchvision do.
        items: All of them.
        title: Of the progress bar.
        jobs: Threads; None for one per core.
    """
    with ThreadPoolExecutor(jobs or available_cores()) as pool:
        try:
            yield from track(pool.map(work, items), title, total=len(items))
        finally:
            pool.shutdown(cancel_futures=True)
