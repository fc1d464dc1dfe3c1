"""Who holds a file: a process, and whether it still runs."""

import json
import os
import socket
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from lightning_modules import slurm_job

ENDED = "ZX"
"""States of processes in /proc that have ended and are only not removed yet."""


def machine() -> str:
    """Identify this machine since its last boot, and the container in which its process ids count.

    A host's name would not do: containers on several machines may share one.
    """
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    return socket.gethostname()


def start_time(pid: int) -> int | None:
    """Read when a process of this machine started, in clock ticks since the boot.

    Returns:
        0 if it runs and the time is not known, as without /proc; None if it does not run.
    """
    if not Path("/proc/self/stat").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            return 0
        return 0
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ENDED else int(fields[19])


@dataclass(frozen=True)
class Holder:
    """A process that holds a file.

    Attributes:
        host: The name of its machine, for people.
        machine: See `machine`.
        pid: Its id.
        started: See `start_time`; another process may later have the same id.
        since: When it took the file.
        job: Its SLURM job, None outside SLURM.
        restarts: How often SLURM had restarted that job.
        key: Tells this claim from all others.
    """

    host: str
    machine: str
    pid: int
    started: int | None
    since: str
    job: str | None
    restarts: int
    key: str

    @classmethod
    def this_process(cls) -> Self:
        """Describe this process, which begins to hold a file now."""
        pid = os.getpid()
        return cls(
            host=socket.gethostname(),
            machine=machine(),
            pid=pid,
            started=start_time(pid),
            since=datetime.now().isoformat(" ", "seconds"),
            job=slurm_job.job_id(),
            restarts=slurm_job.restarts(),
            key=uuid.uuid4().hex,
        )

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what `text` has written; None if it is not complete."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return None

    def text(self) -> str:
        """Write it down."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @property
    def is_here(self) -> bool:
        """Whether its process id counts on this machine."""
        return self.machine == machine()

    def has_ended(self, silent_seconds: float, limit: float) -> bool:
        """Tell whether the process has ended.

        Args:
            silent_seconds: Time since the last sign of life.
            limit: After which time a process of another machine counts as ended.
        """
        if self.is_here:
            return start_time(self.pid) != self.started
        same_job = self.job is not None and self.job == slurm_job.job_id()
        if same_job and self.restarts < slurm_job.restarts():
            return True
        return silent_seconds > limit

    def __str__(self) -> str:
        job = f", SLURM job {self.job}" if self.job else ""
        return f"process {self.pid} on {self.host}, since {self.since}{job}"
