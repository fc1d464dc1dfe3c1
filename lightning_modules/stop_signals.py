"""Signals that ask a fit to stop: noted when they come, answered between two steps."""

import signal
import threading
from types import FrameType

from pytorch_lightning import Trainer

INTERRUPTED, PREEMPTED = 130, 143
"""Exit statuses: Ctrl-C, and any other signal."""


class Stopped(SystemExit):
    """Ends a process that was asked to stop, with the exit status for that.

    Args:
        status: `INTERRUPTED` or `PREEMPTED`.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)


class StopSignals:
    """Notes SIGINT (Ctrl-C), SIGTERM and SIGUSR1 instead of ending.

    A second Ctrl-C ends at once. Lightning has handlers of its own, which answer in the middle of
    a step, and puts back those of before when a fit ends.

    Attributes:
        received: The first signal; 0 while there is none.
    """

    def __init__(self) -> None:
        self.received = 0

    def begin(self, trainer: Trainer) -> None:
        """Listen, from now to the end of the trainer's fit."""
        self.received = signal.SIGTERM if trainer.received_sigterm else 0
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
                signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.received == signal.SIGINT:
            raise Stopped(INTERRUPTED)
        self.received = self.received or number


def exit_status(number: int) -> int:
    """Give the exit status for a signal."""
    return INTERRUPTED if number == signal.SIGINT else PREEMPTED
