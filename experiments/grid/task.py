"""One run of a grid: its steps as processes, one after another; what they write goes to files."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.grid.jobs import Job
from experiments.grid.state import Record, State, log_file, output_file, write_record

PROGRAM = (sys.executable, str(Path(__file__).parents[2] / "train.py"))
"""What is given the arguments of steps."""

GRACE = 120.0
"""Seconds in which a stopped step may save what it has."""

PREEMPTED = (143, -signal.SIGTERM)
"""Exit statuses of a step that somebody else has stopped."""


class RunTask:
    """Runs what is missing of a job; may be called again, here or on another machine.

    Args:
        job: The job.
        environment: Added to the environment of the steps.
    """

    def __init__(self, job: Job, environment: Mapping[str, str] | None = None) -> None:
        self.job = job
        self.environment = dict(environment or {})
        self.starter: Sequence[str] = ()
        self.program: Sequence[str] = PROGRAM
        self.process: subprocess.Popen[bytes] | None = None
        self.stopped = False

    def __getstate__(self) -> dict[str, Any]:
        """Leave the process out: this object travels to other machines."""
        return {**self.__dict__, "process": None}

    def __call__(self) -> Record:
        """Run the steps; the first that fails ends the run."""
        record = Record("running")
        log_file(self.job).parent.mkdir(parents=True, exist_ok=True)
        for arguments in self.job.experiment.missing_steps():
            status, record.message = self._run([*self.program, *arguments], record)
            if status or self.stopped:
                stopped = self.stopped or status in PREEMPTED
                record.state = "stopped" if stopped else "failed"
                parts = ("" if stopped else _killed_by(status), record.message)
                record.message = ": ".join(filter(None, parts)) or f"exit status {status}"
                break
        if record.state == "running":
            record.state, record.message = self._verdict()
        write_record(self.job, record)
        return record

    def _verdict(self) -> tuple[State, str]:
        """Believe only results: a step may end well and leave nothing."""
        missing = self.job.experiment.missing_steps()
        return ("failed", f"{missing[-1][0]} left no result") if missing else ("finished", "")

    def _run(self, command: list[str], record: Record) -> tuple[int, str]:
        """Run one step; give back its exit status and the last line that it wrote to stderr."""
        if self.stopped:
            return 0, "stopped"
        environment = {**_without_slurm(os.environ), **self.environment}
        record.commands.append(command)
        # Files, not pipes: a step outlives the grid if it must.
        with log_file(self.job).open("a") as log, output_file(self.job).open("a") as output:
            log.write(f"$ {' '.join(command)}\n")
            log.flush()
            start = log.tell()
            self.process = subprocess.Popen(
                [*self.starter, *command],
                stdout=output,
                stderr=log,
                env=environment,
                start_new_session=True,  # Ctrl-C is for the grid, which stops its steps in turn
            )
            record.pids = [os.getpid(), self.process.pid]
            write_record(self.job, record)
            if self.stopped:  # just before the process was there to be asked
                self._signal(signal.SIGTERM)
            status = self.process.wait()
        return status, _last_line(log_file(self.job), start)

    def stop(self) -> None:
        """Ask the step that runs to end; nothing more is started."""
        self.stopped = True
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the step that runs."""
        self.stopped = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        process = self.process
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)


def _killed_by(status: int) -> str:
    """Name the signal that ended a step; nothing where none did."""
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
    """Hide SLURM: a step starts its own processes on the one machine it has."""
    return {key: value for key, value in environment.items() if not key.startswith("SLURM_")}
