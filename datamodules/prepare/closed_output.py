"""Ends a command quietly if the program that reads its output, such as ``head``, ends before it."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

OUTPUT_CLOSED = 128 + signal.SIGPIPE
"""Exit status; a shell gives it to programs that end in this way."""


@contextmanager
def quiet_if_output_closes() -> Iterator[None]:
    """End the process with status 141 and no message if nobody reads stdout any more.

    A pipe that breaks elsewhere, such as that of a loader worker, stays an error.
    """
    try:
        yield
    except BrokenPipeError:
        if not _has_no_reader():
            raise
        sys.exit(OUTPUT_CLOSED)
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # rich ends the process itself
            sys.exit(OUTPUT_CLOSED)
        raise
    finally:
        _write_the_rest()


def _has_no_reader() -> bool:
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def _write_the_rest() -> None:
    """Write what stdout still holds, or drop it: Python would print an error when it ends."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
