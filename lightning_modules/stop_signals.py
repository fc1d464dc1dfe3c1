"""Signals that ask a fit to stop: recorded when they arrive, handled between two steps."""

import signal
import threading
from types import FrameType

from pytorch_lightning import Trainer

INTERRUPTED, PREEMPTED = 130, 143
"""Exit statuses: after Ctrl-C, and after any other signal."""


class Stopped(SystemExit):
    """Ends a process after a signal.

    Args:
        status: `INTERRUPTED` or `PREEMPTED`.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)


class StopSignals:
    """Records SIGINT (Ctrl-C), SIGTERM and SIGUSR1, so that the fit can finish its step.

    A second Ctrl-C ends the process at once. During a fit these handlers replace Lightning's,
    which act in the middle of a step. Lightning restores the original handlers after the fit.

    Attributes:
        received: The number of the first signal; 0 if there was none.
    """

    def __init__(self) -> None:
        self.received = 0

    def begin(self, trainer: Trainer) -> None:
        """Install the handlers; call it at the start of a fit.

        Outside the main thread Python allows no handlers, and none are installed.
        """
        self.received = signal.SIGTERM if trainer.received_sigterm else 0
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
                signal.signal(number, self._record)

    def _record(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.received == signal.SIGINT:
            raise Stopped(INTERRUPTED)
        self.received = self.received or number


def exit_status(number: int) -> int:
    """Return the exit status that belongs to a signal."""
    return INTERRUPTED if number == signal.SIGINT else PREEMPTED
