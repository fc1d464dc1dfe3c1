"""Executes runs as slots get free, with a live table; Ctrl-C stops them so that they can resume."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from experiments.grid.launcher import Launcher, RunHandle
from experiments.grid.state import (
    Record,
    State,
    log_file,
    read_record,
    record_file,
    refuse_other_configurations,
    state_of,
    write_record,
)
from experiments.session import Run, read_metrics
from lightning_modules import RunError

POLL_SECONDS = 0.2
"""Time between two polls of the runs, in seconds."""

STYLES = {"finished": "green", "failed": "red", "running": "cyan", "stopped": "yellow"}
BY_INTEREST: tuple[State, ...] = ("running", "failed", "stopped", "waiting", "finished")
FRAME_LINES = 6
"""Lines of the live table that are not rows."""


@dataclass
class RunProgress:
    """A run's row in the live table.

    Attributes:
        run: The run.
        state: Its state.
        message: Its last message, or the reason for its state.
        handle: The latest start of the run by this command; None before it.
        seconds: The run's duration, once it has ended.
        started: Its start on ``perf_counter``'s clock.
    """

    run: Run
    state: State
    message: str = ""
    handle: RunHandle | None = None
    seconds: float = 0.0
    started: float = 0.0

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the row."""
        style = STYLES.get(self.state, "")
        seconds = perf_counter() - self.started if self.state == "running" else self.seconds
        metrics = read_metrics(self.run.run_dir) if self.handle else {}
        val = metrics.get("val", {}).get("top1")
        return (
            escape(self.run.name),
            f"[{style}]{self.state}[/]" if style else self.state,
            self.handle.where if self.handle else "",
            f"{seconds / 60:.1f}" if self.handle else "",
            "" if val is None else f"{100 * val:.1f}",
            escape(self.message),
        )


class Runner:
    """Executes runs.

    Args:
        runs: Runs by name, a pretraining before the runs that start from it.
        launcher: The launcher that starts them.
        console: The console for the table.
    """

    def __init__(self, runs: Mapping[str, Run], launcher: Launcher, console: Console) -> None:
        self.launcher = launcher
        self.console = console
        self.progress = {
            name: RunProgress(run, self._first_state(run)) for name, run in runs.items()
        }
        for one in self.progress.values():
            if one.state == "running":
                one.message = self._elsewhere(one.run)

    @staticmethod
    def _first_state(run: Run) -> State:
        state = state_of(run)
        return state if state in ("finished", "running") else "waiting"

    @staticmethod
    def _elsewhere(run: Run) -> str:
        record = read_record(run)
        host = record.host if record else "?"
        return f"another command runs it on {host}; if not, delete {record_file(run)}"

    def execute(self) -> bool:
        """Execute everything that is not finished; a failed run stops only those that need it.

        Returns:
            Whether all runs are finished.

        Raises:
            KeyboardInterrupt: If it was interrupted; the runs it had started have been stopped.
        """
        with Live(self.table(), console=self.console, refresh_per_second=2) as live:
            try:
                while self._poll():
                    live.update(self.table())
                    time.sleep(POLL_SECONDS)
            finally:
                self._stop()
                live.update(self.table())
        if not self.console.is_terminal:
            self.console.print()
        return all(one.state == "finished" for one in self.progress.values())

    def table(self) -> Table:
        """Draw the live table; runs that do not fit on the terminal are counted in its caption."""
        states = [one.state for one in self.progress.values()]
        counts = ", ".join(f"{states.count(s)} {s}" for s in BY_INTEREST if s in states)
        table = Table(title="Runs", caption=counts)
        for heading in ("run", "state", "where", "minutes", "val top-1 %", "message"):
            table.add_column(heading, overflow="fold")
        shown = list(self.progress.values())
        room = max(self.console.height - FRAME_LINES, 1)
        if self.console.is_terminal and len(shown) > room:
            shown = sorted(shown, key=lambda one: BY_INTEREST.index(one.state))[:room]
        for one in shown:
            table.add_row(*one.cells())
        return table

    def _poll(self) -> bool:
        """Poll all runs once and start those that can start; return whether any are left."""
        for one in self._started():
            record = one.handle.result() if one.handle else None
            if record is not None:
                self._end(one, record)
        for one in self.progress.values():
            if one.state == "running" and not one.handle:
                self._look_elsewhere(one)
        for one in self.progress.values():
            if one.state == "waiting" and len(self._started()) < self.launcher.slots:
                self._start(one)
        return bool(self._started()) or any(
            one.state == "waiting" for one in self.progress.values()
        )

    def _look_elsewhere(self, one: RunProgress) -> None:
        """Check whether another command's run has ended; if unfinished, this command runs it."""
        state = self._first_state(one.run)
        if state != "running":
            one.state, one.message = state, ""

    def _started(self) -> list[RunProgress]:
        """List the runs that this command has started and that have not ended."""
        return [one for one in self.progress.values() if one.handle and one.state == "running"]

    def _start(self, one: RunProgress) -> None:
        folder = one.run.pretraining
        before = self.progress.get(folder.name) if folder is not None else None
        if before is not None and before.state in ("failed", "stopped"):
            one.state, one.message = "failed", f"starts from {before.run.name}: {before.state}"
            write_record(one.run, Record("failed", one.message))
        elif before is not None and before.state == "running" and before.handle is None:
            one.state, one.message = "stopped", f"starts from {before.run.name}, not finished"
        elif state_of(one.run) == "running":
            one.state, one.message = "running", self._elsewhere(one.run)
        elif before is None or before.state == "finished":
            try:
                refuse_other_configurations([one.run])  # of a command started at the same time
                one.handle = self.launcher.launch(one.run)
            except RunError as error:  # such as a limit of the cluster
                one.state, one.message = "failed", str(error)
            else:
                one.state, one.started = "running", perf_counter()

    def _end(self, one: RunProgress, record: Record) -> None:
        one.seconds = perf_counter() - one.started
        one.state, one.message = record.state, ""
        if record.state != "finished":
            one.message = f"{record.message} (log: {log_file(one.run)})"
        if not self.console.is_terminal:  # where Live prints nothing but its last table
            self.console.print(f"{one.run.name}: {one.state} {one.message}", markup=False)

    def _stop(self) -> None:
        """Stop the runs that this command has started, if any still run."""
        running = self._started()
        handles = [one.handle for one in running if one.handle is not None]
        if handles:
            self.console.print("Stopping the runs; they save their checkpoints.")
        for handle in handles:
            handle.stop()
        try:
            for handle in handles:
                handle.wait()
        finally:  # a second interruption ends the wait and kills the runs
            for handle in handles:
                handle.kill()
            for one in running:
                one.state = "stopped"
