"""The interface of launchers, which execute runs on this machine or on a cluster."""

from typing import Protocol

from experiments.grid.state import Record
from experiments.session import Run


class RunHandle(Protocol):
    """A run that has been started.

    Attributes:
        where: The GPUs, CPU or cluster job that it uses, for the live table.
    """

    where: str

    def result(self) -> Record | None:
        """Return the record of the ended run; None while it runs."""

    def stop(self) -> None:
        """Ask it to save a checkpoint and end."""

    def wait(self) -> None:
        """Wait until a stopped run has ended, but not longer than saving may take."""

    def kill(self) -> None:
        """End it at once if it has not ended yet."""


class Launcher(Protocol):
    """Starts runs.

    Attributes:
        slots: Number of runs that it executes at once.
    """

    slots: int

    def launch(self, run: Run) -> RunHandle:
        """Start a run; only called while a slot is free."""
