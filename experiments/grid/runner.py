"""Runs jobs as places get free, with a live table; Ctrl-C stops them so that they can go on."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from experiments.grid.jobs import Job
from experiments.grid.launchers import Launched, Launcher
from experiments.grid.state import (
    Record,
    State,
    log_file,
    read_record,
    record_file,
    state_of,
    write_record,
)
from experiments.session import read_metrics
from lightning_modules import RunError

PAUSE = 0.2
"""Seconds between two looks at the runs."""

STYLES = {"finished": "green", "failed": "red", "running": "cyan", "stopped": "yellow"}
BY_INTEREST: tuple[State, ...] = ("running", "failed", "stopped", "waiting", "finished")
FRAME = 6
"""Lines of the live table around its rows."""


@dataclass
class Progress:
    """A job's line in the live table.

    Attributes:
        job: The job.
        state: How far it is.
        message: What there is to say of it.
        launched: The run under way, or the latest one.
        seconds: How long it ran, or has run.
        started: When it started, on ``perf_counter``'s clock.
    """

    job: Job
    state: State
    message: str = ""
    launched: Launched | None = None
    seconds: float = 0.0
    started: float = 0.0

    def cells(self) -> tuple[str, ...]:
        """Write the line."""
        style = STYLES.get(self.state, "")
        seconds = perf_counter() - self.started if self.state == "running" else self.seconds
        metrics = read_metrics(self.job.experiment.run_dir) if self.launched else {}
        val = metrics.get("val", {}).get("top1")
        return (
            escape(self.job.name),
            f"[{style}]{self.state}[/]" if style else self.state,
            self.launched.place if self.launched else "",
            f"{seconds / 60:.1f}" if self.launched else "",
            "" if val is None else f"{100 * val:.1f}",
            escape(self.message),
        )


class Runner:
    """Runs jobs.

    Args:
        jobs: By name, what others start from first.
        launcher: Where they go.
        console: For the table.
    """

    def __init__(self, jobs: Mapping[str, Job], launcher: Launcher, console: Console) -> None:
        self.launcher = launcher
        self.console = console
        self.lines = {name: Progress(job, self._first_state(job)) for name, job in jobs.items()}
        for line in self.lines.values():
            if line.state == "running":
                line.message = self._elsewhere(line.job)

    @staticmethod
    def _first_state(job: Job) -> State:
        state = state_of(job)
        return state if state in ("finished", "running") else "waiting"

    @staticmethod
    def _elsewhere(job: Job) -> str:
        record = read_record(job)
        host = record.host if record else "?"
        return f"another command runs it on {host}; if not, delete {record_file(job)}"

    def run(self) -> bool:
        """Run everything that is not finished; a failure ends only what depends on it.

        Returns:
            Whether all jobs are finished.

        Raises:
            KeyboardInterrupt: If it was interrupted; the runs under way have been stopped.
        """
        with Live(self.table(), console=self.console, refresh_per_second=2) as live:
            try:
                while self._step():
                    live.update(self.table())
                    time.sleep(PAUSE)
            finally:
                self._stop()
                live.update(self.table())
        if not self.console.is_terminal:
            self.console.print()
        return all(line.state == "finished" for line in self.lines.values())

    def table(self) -> Table:
        """Write how far all jobs are; those for which there is no room are counted."""
        states = [line.state for line in self.lines.values()]
        counts = ", ".join(f"{states.count(s)} {s}" for s in BY_INTEREST if s in states)
        table = Table(title="Runs", caption=counts)
        for heading in ("run", "state", "where", "minutes", "val top-1 %", "message"):
            table.add_column(heading, overflow="fold")
        lines = list(self.lines.values())
        room = max(self.console.height - FRAME, 1)
        if self.console.is_terminal and len(lines) > room:
            lines = sorted(lines, key=lambda line: BY_INTEREST.index(line.state))[:room]
        for line in lines:
            table.add_row(*line.cells())
        return table

    def _step(self) -> bool:
        """Look at all runs once, start what can start; say whether there is more to do."""
        for line in self._under_way():
            record = line.launched.result() if line.launched else None
            if record is not None:
                self._end(line, record)
        for line in self.lines.values():
            if line.state == "running" and not line.launched:
                self._look_elsewhere(line)
        for line in self.lines.values():
            if line.state == "waiting" and len(self._under_way()) < self.launcher.places:
                self._start(line)
        return bool(self._under_way()) or any(
            line.state == "waiting" for line in self.lines.values()
        )

    def _look_elsewhere(self, line: Progress) -> None:
        """See whether what another command runs has ended; what it left is ours to do."""
        state = self._first_state(line.job)
        if state != "running":
            line.state, line.message = state, ""

    def _under_way(self) -> list[Progress]:
        return [line for line in self.lines.values() if line.launched and line.state == "running"]

    def _start(self, line: Progress) -> None:
        before = self.lines.get(line.job.after or "")
        if before is not None and before.state in ("failed", "stopped"):
            line.state, line.message = "failed", f"starts from {before.job.name}: {before.state}"
            write_record(line.job, Record("failed", line.message))
        elif before is not None and before.state == "running" and before.launched is None:
            line.state, line.message = "stopped", f"starts from {before.job.name}, not finished"
        elif state_of(line.job) == "running":
            line.state, line.message = "running", self._elsewhere(line.job)
        elif before is None or before.state == "finished":
            try:
                line.launched = self.launcher.launch(line.job)
            except RunError as error:  # such as a cluster's limit
                line.state, line.message = "failed", str(error)
            else:
                line.state, line.started = "running", perf_counter()

    def _end(self, line: Progress, record: Record) -> None:
        line.seconds = perf_counter() - line.started
        line.state, line.message = record.state, ""
        if record.state != "finished":
            line.message = f"{record.message} (log: {log_file(line.job)})"
        if not self.console.is_terminal:  # there, the table comes at the end
            self.console.print(f"{line.job.name}: {line.state} {line.message}", markup=False)

    def _stop(self) -> None:
        """Stop the runs under way, if there are any."""
        under_way = [line for line in self._under_way() if line.launched is not None]
        launched = [line.launched for line in under_way if line.launched is not None]
        if launched:
            self.console.print("Stopping the runs; they save what they can.")
        for run in launched:
            run.stop()
        try:
            for run in launched:
                run.wait()
        finally:  # a second interruption ends the waiting, and the runs
            for run in launched:
                run.kill()
            for line in under_way:
                line.state = "stopped"
