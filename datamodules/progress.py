"""Progress of long loops: a bar on a terminal, lines of text in a log file."""

import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from time import monotonic
from typing import TypeVar

from rich.progress import track

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 30.0


def with_progress(items: Iterable[Item], title: str, total: int) -> Iterator[Item]:
    """Yield items and show how many have been taken.

    Without a terminal, a line is printed every 30 seconds, such as ``Indexing videos:
    12,000/169,000, 0:12:01 left``, and one at the end.

    Args:
        items: The items.
        title: What is done with them.
        total: Their number.
    """
    if sys.stdout.isatty():
        yield from track(items, title, total=total)
        return
    start = shown = monotonic()
    for done, item in enumerate(items, 1):
        yield item
        now = monotonic()
        if now - shown > SECONDS_BETWEEN_LINES and done < total:
            left = timedelta(seconds=round((now - start) / done * (total - done)))
            print(f"{title}: {done:,}/{total:,}, {left} left", flush=True)
            shown = now
    print(f"{title}: {total:,} in {timedelta(seconds=round(monotonic() - start))}", flush=True)
