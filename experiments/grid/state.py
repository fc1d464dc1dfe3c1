"""What is known of a run: not run, running, finished, failed or stopped.

Records lie beside the run folders, in ``<runs>/grid/<name>.json``, with ``<name>.log``.
"""

import json
import os
import socket
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from experiments.grid.jobs import Job
from experiments.run_folder import holds_run

State = Literal["not run", "waiting", "running", "stopped", "failed", "finished"]
FOLDER = "grid"


@dataclass
class Record:
    """The latest attempt at a run.

    Attributes:
        state: How it ended, or ``running``.
        message: The last line that it wrote to stderr.
        host: Where it runs.
        pid: The process that looks after it there.
        commands: What was run, in order.
    """

    state: State
    message: str = ""
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    commands: list[list[str]] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Whether its process can still be there; one on another machine is believed."""
        if self.state != "running":
            return False
        if self.host != socket.gethostname():
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


def record_file(job: Job) -> Path:
    """Name a run's record."""
    return job.experiment.run_dir.parent / FOLDER / f"{job.name}.json"


def log_file(job: Job) -> Path:
    """Name the file that holds what a run wrote."""
    return record_file(job).with_suffix(".log")


def write_record(job: Job, record: Record) -> None:
    """Replace a run's record, whole."""
    file = record_file(job)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(asdict(record), indent=2) + "\n")
    draft.replace(file)


def read_record(job: Job) -> Record | None:
    """Read a run's record; None where there is none."""
    file = record_file(job)
    return Record(**json.loads(file.read_text())) if file.is_file() else None


def state_of(job: Job) -> State:
    """Say how far a run is. What was begun and is not being run is ``stopped``."""
    record = read_record(job)
    if record is not None and record.alive:
        return "running"
    if not job.experiment.missing_steps():
        return "finished"
    if record is not None and record.state == "failed":
        return "failed"
    return "stopped" if record is not None or holds_run(job.experiment.run_dir) else "not run"


def summarize(states: list[State]) -> str:
    """Say how far a row is whose runs have these states."""
    if not states:
        return "quoted"
    for state in ("failed", "running", "stopped"):
        if state in states:
            return state
    done = states.count("finished")
    return "not run" if not done else "finished" if done == len(states) else "stopped"
