"""The state of a run, and the record of its latest attempt.

Records are stored beside the run folders: ``<runs>/grid/<name>.json``, with ``.log`` (stderr) and
``.out`` (stdout).
"""

import json
import os
import shlex
import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from experiments.grid.configuration import differences
from experiments.session import Run
from lightning_modules import RunError
from lightning_modules.checkpoints.atomic_write import atomic_write
from lightning_modules.checkpoints.holder import start_time
from lightning_modules.checkpoints.run_folder import RunFolder

State = Literal["not run", "waiting", "running", "stopped", "failed", "finished"]
FOLDER = "grid"


@dataclass
class Record:
    """The latest attempt at a run.

    Attributes:
        state: The state in which it ended, or ``running``.
        message: The last line that it wrote to stderr.
        host: The machine that it runs on.
        pids: Ids of the processes there: the one that watches the run, and the run's own.
        starts: When each started, see `start_time`: a later process may have the same id.
        commands: The commands that were executed, in order.
        flags: The user's further arguments; None in records of versions that did not keep them.
        configuration: What its configs and overrides stated, see `configuration`; None likewise.
        fit_seconds: Time that the fit has taken so far, its earlier attempts included.
    """

    state: State
    message: str = ""
    host: str = field(default_factory=socket.gethostname)
    pids: list[int] = field(default_factory=lambda: [os.getpid()])
    starts: list[int | None] = field(default_factory=list)
    commands: list[list[str]] = field(default_factory=list)
    flags: list[str] | None = None
    configuration: dict[str, Any] | None = None
    fit_seconds: float = 0.0

    @property
    def alive(self) -> bool:
        """Whether the run may still be running; a record of another machine is trusted."""
        if self.state != "running":
            return False
        if self.host != socket.gethostname():
            return True
        found = map(start_time, self.pids)
        return any(
            now is not None and now == (now if stated is None else stated)
            for now, stated in zip_longest(found, self.starts)
        )


def record_file(run: Run) -> Path:
    """Return the file of a run's record."""
    return _file(run, ".json")


def log_file(run: Run, machine: int = 0) -> Path:
    """Return the file with a run's stderr: messages, warnings, errors.

    Args:
        run: The run.
        machine: The number, from 0, of the machine among those of the run.
    """
    return _file(run, f".machine{machine}.log" if machine else ".log")


def output_file(run: Run, machine: int = 0) -> Path:
    """Return the file with a run's stdout: progress and results; see `log_file`."""
    return _file(run, f".machine{machine}.out" if machine else ".out")


def _file(run: Run, suffix: str) -> Path:
    return run.run_dir.parent / FOLDER / f"{run.name}{suffix}"


def write_record(run: Run, record: Record) -> None:
    """Replace a run's record atomically, with the run's flags and configuration in it.

    Raises:
        RunError: If the file cannot be written.
    """
    record.flags, record.configuration = list(run.flags), dict(run.configuration)
    if record.host == socket.gethostname():
        record.starts = [start_time(pid) for pid in record.pids]
    atomic_write(record_file(run), json.dumps(asdict(record), indent=2) + "\n")


def read_record(run: Run) -> Record | None:
    """Read a run's record; None if there is none."""
    file = record_file(run)
    return Record(**json.loads(file.read_text())) if file.is_file() else None


def recorded_flags(runs: Iterable[Run]) -> tuple[str, ...] | None:
    """Read the flags with which the runs of a row were started; None if no record has them.

    Args:
        runs: The runs of one seed; if their flags differ, the first ones count.
    """
    records = [record for run in runs if (record := read_record(run)) is not None]
    return next((tuple(one.flags) for one in records if one.flags is not None), None)


def refuse_other_flags(runs: Iterable[Run]) -> None:
    """Refuse to resume, or to count as finished, a run that was started with other flags.

    Raises:
        RunError: If there is such a run.
    """
    for run in runs:
        record = read_record(run)
        if record is None or record.flags is None or record.flags == list(run.flags):
            continue
        if _left_nothing(run, record):
            continue
        theirs, ours = shlex.join(record.flags), shlex.join(run.flags)
        raise RunError(
            f"{run.run_dir} was run with {theirs or 'no flags'}, this command has "
            f"{ours or 'none'}: give the same flags or another --runs, delete the run, or add "
            "--allow-other-flags"
        )


def differences_from_row(run: Run) -> list[str]:
    """List in what the run in a row's folder differs from the row.

    The folder can hold a run of another study, or of a config that has been edited since. Nothing
    is listed if the record does not state the configuration.
    """
    record = read_record(run)
    if record is None or not record.configuration or _left_nothing(run, record):
        return []
    return differences(record.configuration, run.configuration)


def is_unrecorded(run: Run) -> bool:
    """Tell whether a run's record is of a version that did not keep configurations."""
    record = read_record(run)
    return record is not None and record.configuration is None


def refuse_other_configurations(runs: Iterable[Run]) -> None:
    """Refuse to resume, or to count as finished, a run of another configuration.

    Raises:
        RunError: If there is such a run.
    """
    for run in runs:
        if different := differences_from_row(run):
            more = f" and {len(different) - 1} more" if len(different) > 1 else ""
            raise RunError(
                f"{run.run_dir} holds a run of another configuration: {different[0]}{more}; give "
                "another --runs or a base of another name, or delete the run"
            )


def _left_nothing(run: Run, record: Record) -> bool:
    """Tell whether a run failed before there was anything to resume."""
    return record.state == "failed" and not RunFolder(run.run_dir).has_checkpoint()


def state_of(run: Run) -> State:
    """Return the state of a run; a run that was started and is not running is ``stopped``.

    A run of another configuration does not count: the row's own is ``not run``.
    """
    if differences_from_row(run):
        return "not run"
    record = read_record(run)
    if record is not None and record.alive:
        return "running"
    if not run.missing_steps():
        return "finished"
    if record is not None and record.state == "failed":
        return "failed"
    started = record is not None or RunFolder(run.run_dir).has_checkpoint()
    return "stopped" if started else "not run"


def summarize(states: list[State]) -> str:
    """Return the state of a row from the states of its runs; ``quoted`` if it has none."""
    if not states:
        return "quoted"
    for state in ("failed", "running", "stopped"):
        if state in states:
            return state
    done = states.count("finished")
    return "not run" if not done else "finished" if done == len(states) else "stopped"
