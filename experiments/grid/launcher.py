"""What the runner needs of a place where runs are executed: this machine or a cluster."""

from typing import Protocol

from experiments.grid.state import Record
from experiments.session import Run


class RunHandle(Protocol):
    """A run that has been started.

    Attributes:
        where: The GPUs, CPU or cluster job that it has, for the live table.
    """

    where: str

    def result(self) -> Record | None:
        """Give the record of how it ended; None while it runs."""

    def stop(self) -> None:
        """Ask it to save a checkpoint and end."""

    def wait(self) -> None:
        """Wait until a stopped run has ended, but not longer than saving may take."""

    def kill(self) -> None:
        """End it at once if it has not ended yet."""


class Launcher(Protocol):
    """Starts runs.

    Attributes:
        slots: How many runs it executes at once.
    """

    slots: int

    def launch(self, run: Run) -> RunHandle:
        """Start a run; only called while a slot is free."""
