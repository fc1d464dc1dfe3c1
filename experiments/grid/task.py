"""One run of a grid: its steps as processes, one after another; what they write goes to a log."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from experiments.grid.jobs import Job
from experiments.grid.state import Record, State, log_file, write_record

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
        self.program: Sequence[str] = PROGRAM
        self.process: subprocess.Popen[str] | None = None
        self.stopped = False

    def __getstate__(self) -> dict[str, Any]:
        """Leave the process out: this object travels to other machines."""
        return {**self.__dict__, "process": None}

    def __call__(self) -> Record:
        """Run the steps; the first that fails ends the run."""
        record = Record("running")
        log_file(self.job).parent.mkdir(parents=True, exist_ok=True)
        with log_file(self.job).open("a") as log:
            for arguments in self.job.experiment.missing_steps():
                command = [*self.program, *arguments]
                record.commands.append(command)
                write_record(self.job, record)
                log.write(f"$ {' '.join(command)}\n")
                log.flush()
                status, record.message = self._run(command, log)
                if status or self.stopped:
                    stopped = self.stopped or status in PREEMPTED
                    record.state = "stopped" if stopped else "failed"
                    record.message = record.message or f"exit status {status}"
                    break
        if record.state == "running":
            record.state, record.message = self._verdict()
        write_record(self.job, record)
        return record

    def _verdict(self) -> tuple[State, str]:
        """Believe only results: a step may end well and leave nothing."""
        missing = self.job.experiment.missing_steps()
        return ("failed", f"{missing[-1][0]} left no result") if missing else ("finished", "")

    def _run(self, command: list[str], log: IO[str]) -> tuple[int, str]:
        """Run one step; give back its exit status and the last line that it wrote to stderr."""
        environment = {**_without_slurm(os.environ), **self.environment}
        if self.stopped:
            return 0, "stopped"
        with subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=environment,
            start_new_session=True,  # Ctrl-C is for the grid, which then stops its steps in turn
        ) as self.process:
            last = ""
            assert self.process.stderr is not None
            for line in self.process.stderr:
                log.write(line)
                log.flush()
                last = line.strip() or last
        return self.process.returncode, last

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


def _without_slurm(environment: Mapping[str, str]) -> dict[str, str]:
    """Hide SLURM: a step starts its own processes on the one machine it has."""
    return {key: value for key, value in environment.items() if not key.startswith("SLURM_")}
