"""What is known of a run: not run, running, finished, failed or stopped.

Records lie beside the run folders, in ``<runs>/grid/<name>.json``, with ``.log`` and ``.out``.
"""

import json
import os
import shlex
import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from experiments.grid.jobs import Job
from lightning_modules import RunError
from lightning_modules.checkpoints.atomic_write import atomic_write
from lightning_modules.checkpoints.run_folder import RunFolder

State = Literal["not run", "waiting", "running", "stopped", "failed", "finished"]
FOLDER = "grid"


@dataclass
class Record:
    """The latest attempt at a run.

    Attributes:
        state: How it ended, or ``running``.
        message: The last line that it wrote to stderr.
        host: Where it runs.
        pids: The processes that look after it and that run it there.
        commands: What was run, in order.
        flags: The user's further arguments; None in records of before they were kept.
    """

    state: State
    message: str = ""
    host: str = field(default_factory=socket.gethostname)
    pids: list[int] = field(default_factory=lambda: [os.getpid()])
    commands: list[list[str]] = field(default_factory=list)
    flags: list[str] | None = None

    @property
    def alive(self) -> bool:
        """Whether it can still run; what runs on another machine is believed."""
        if self.state != "running":
            return False
        return self.host != socket.gethostname() or any(map(_is_there, self.pids))


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def record_file(job: Job) -> Path:
    """Name a run's record."""
    return job.experiment.run_dir.parent / FOLDER / f"{job.name}.json"


def log_file(job: Job) -> Path:
    """Name the file that holds what a run wrote to stderr: messages, warnings, errors."""
    return _beside(job, ".log")


def output_file(job: Job) -> Path:
    """Name the file that holds what a run wrote to stdout: progress and tables."""
    return _beside(job, ".out")


def _beside(job: Job, ending: str) -> Path:
    return record_file(job).with_name(job.name + ending)


def write_record(job: Job, record: Record) -> None:
    """Replace a run's record, whole; it gets the job's flags.

    Raises:
        RunError: If the disk does not take it.
    """
    record.flags = list(job.flags)
    atomic_write(record_file(job), json.dumps(asdict(record), indent=2) + "\n")


def read_record(job: Job) -> Record | None:
    """Read a run's record; None where there is none."""
    file = record_file(job)
    return Record(**json.loads(file.read_text())) if file.is_file() else None


def refuse_other_flags(jobs: Iterable[Job]) -> None:
    """Refuse to go on with, or to count, what was run with other flags: it is not the same run.

    Raises:
        RunError: If there is such a run.
    """
    for job in jobs:
        record = read_record(job)
        if record is None or record.flags is None or record.flags == list(job.flags):
            continue
        if record.state == "failed" and not RunFolder(job.experiment.run_dir).has_checkpoint():
            continue  # nothing came of it
        theirs, ours = shlex.join(record.flags), shlex.join(job.flags)
        raise RunError(
            f"{job.experiment.run_dir} was run with {theirs or 'no flags'}, this command has "
            f"{ours or 'none'}: give the same flags or another --runs, delete the run, or add "
            "--allow-other-flags"
        )


def state_of(job: Job) -> State:
    """Say how far a run is. What was begun and is not being run is ``stopped``."""
    record = read_record(job)
    if record is not None and record.alive:
        return "running"
    if not job.experiment.missing_steps():
        return "finished"
    if record is not None and record.state == "failed":
        return "failed"
    begun = record is not None or RunFolder(job.experiment.run_dir).has_checkpoint()
    return "stopped" if begun else "not run"


def summarize(states: list[State]) -> str:
    """Say how far a row is whose runs have these states."""
    if not states:
        return "quoted"
    for state in ("failed", "running", "stopped"):
        if state in states:
            return state
    done = states.count("finished")
    return "not run" if not done else "finished" if done == len(states) else "stopped"
