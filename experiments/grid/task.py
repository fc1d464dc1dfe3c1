"""Executes a run: its missing steps as processes, one after another; their output goes to files."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from experiments.grid.configuration import changes_since, read_configuration
from experiments.grid.state import (
    Record,
    State,
    log_file,
    output_file,
    read_record,
    write_record,
)
from experiments.session import Run, read_metrics
from lightning_modules import RunError
from lightning_modules.checkpoints.run_folder import RunFolder

PROGRAM = (sys.executable, str(Path(__file__).parents[2] / "train.py"))
"""The program that executes a step, given its arguments."""

GRACE_SECONDS = 120.0
"""Time in which a stopped step may save its checkpoint."""

PREEMPTED = (143, -signal.SIGTERM)
"""Exit statuses of a step that another program has stopped with SIGTERM."""


class RunTask:
    """Executes the missing steps of a run; can be called again, here or on another machine.

    Args:
        run: The run.
        environment: Variables added to the environment of the steps.

    Attributes:
        machine: The number, from 0, of this machine among those of the run; the first one writes
            the record.
    """

    def __init__(self, run: Run, environment: Mapping[str, str] | None = None) -> None:
        self.run = run
        self.environment = dict(environment or {})
        self.starter: Sequence[str] = ()
        self.program: Sequence[str] = PROGRAM
        self.process: subprocess.Popen[bytes] | None = None
        self.stopped = False
        self.machine = 0

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the process, to pickle this object for other machines."""
        return {**self.__dict__, "process": None}

    def __call__(self) -> Record:
        """Execute the steps; the first that fails ends the run."""
        record = Record("running", fit_seconds=self._seconds_so_far())
        log_file(self.run).parent.mkdir(parents=True, exist_ok=True)
        for arguments in self.run.missing_steps():
            trains = arguments[0] == "fit" and "train" not in read_metrics(self.run.run_dir)
            start = perf_counter()
            status, record.message = self._execute([*self.program, *arguments], record)
            record.fit_seconds += perf_counter() - start if trains else 0.0
            if status or self.stopped:
                stopped = self.stopped or status in PREEMPTED
                record.state = "stopped" if stopped else "failed"
                parts = ("" if stopped else _killed_by(status), record.message)
                record.message = ": ".join(filter(None, parts)) or f"exit status {status}"
                break
        if record.state == "running":
            record.state, record.message = self._check_results()
        self._write(record)
        return record

    def _write(self, record: Record) -> None:
        if self.machine == 0:
            write_record(self.run, record)

    def _seconds_so_far(self) -> float:
        """Read how long the fit that is resumed has taken."""
        before = read_record(self.run)
        resumes = RunFolder(self.run.run_dir).has_checkpoint()
        return before.fit_seconds if before is not None and resumes else 0.0

    def _check_results(self) -> tuple[State, str]:
        """Check that all results exist: a step may exit with status 0 without them."""
        missing = self.run.missing_steps() if self.machine == 0 else []  # which writes them
        return ("failed", f"{missing[-1][0]} left no result") if missing else ("finished", "")

    def _execute(self, command: list[str], record: Record) -> tuple[int, str]:
        """Execute one step.

        Returns:
            Its exit status and the last line that it wrote to stderr.
        """
        if self.stopped:
            return 0, "stopped"
        if changes := self._changes():
            return 1, changes
        environment = {**_without_slurm(os.environ), **self.environment}
        record.commands.append(command)
        # Files, not pipes: a step can go on when the grid's process has been killed.
        log_path, output_path = (file(self.run, self.machine) for file in (log_file, output_file))
        with log_path.open("a") as log, output_path.open("a") as output:
            log.write(f"$ {' '.join(command)}\n")
            log.flush()
            start = log.tell()
            self.process = subprocess.Popen(
                [*self.starter, *command],
                stdout=output,
                stderr=log,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches only the grid, which stops its steps
            )
            record.pids = [os.getpid(), self.process.pid]
            self._write(record)
            if self.stopped:  # `stop` was called before there was a process to signal
                self._signal(signal.SIGTERM)
            status = self.process.wait()
        return status, _last_line(log_path, start)

    def _changes(self) -> str:
        """Name a change of the configs since the grid's command has read them; empty for none."""
        before = self.run.configuration
        try:
            now = read_configuration(self.run.configs, self.run.overrides)
        except RunError as error:
            return str(error)
        changes = changes_since(before, now) if before else []
        return f"its configs were edited after the grid started: {changes[0]}" if changes else ""

    def stop(self) -> None:
        """Ask the running step to end; no further step is started."""
        self.stopped = True
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the running step at once."""
        self.stopped = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        process = self.process
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)


def _killed_by(status: int) -> str:
    """Name the signal that ended a step; empty if none did."""
    if status >= 0:
        return ""
    names = {number.value: number.name for number in signal.Signals}
    hint = " (out of memory?)" if status == -signal.SIGKILL else ""
    return f"killed by {names.get(-status, f'signal {-status}')}{hint}"


def _last_line(file: Path, start: int) -> str:
    with file.open(errors="replace") as log:
        log.seek(start)
        return next((line.strip() for line in reversed(log.readlines()) if line.strip()), "")


def _without_slurm(environment: Mapping[str, str]) -> dict[str, str]:
    """Hide SLURM: with its variables, Lightning expects SLURM to start a process for each GPU."""
    return {key: value for key, value in environment.items() if not key.startswith("SLURM_")}
