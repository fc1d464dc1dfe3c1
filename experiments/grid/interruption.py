"""Handles the end of a terminal session and a shutdown of the machine like Ctrl-C."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM and SIGHUP, so that runs are stopped and not left behind.

    A signal that is ignored, as nohup ignores SIGHUP, stays ignored.
    """
    both = (signal.SIGTERM, signal.SIGHUP)
    changed = [number for number in both if signal.getsignal(number) is not signal.SIG_IGN]
    before = [signal.signal(number, _interrupt) for number in changed]
    try:
        yield
    finally:
        for number, handler in zip(changed, before, strict=True):
            signal.signal(number, handler)


def _interrupt(number: int, frame: Any) -> NoReturn:
    raise KeyboardInterrupt
