"""Where runs go on this machine: its GPUs, or its CPUs."""

import itertools
import os
import threading
from collections.abc import Sequence
from typing import Protocol

import torch

from experiments.grid.jobs import Job
from experiments.grid.state import Record, write_record
from experiments.grid.task import GRACE, RunTask
from lightning_modules import RunError


class Launched(Protocol):
    """A run under way."""

    place: str

    def result(self) -> Record | None:
        """Say how it ended; None while it runs."""

    def stop(self) -> None:
        """Ask it to end."""

    def wait(self) -> None:
        """Wait until a stopped run has ended, for as long as it may save."""

    def kill(self) -> None:
        """End it if it has not ended yet."""


class Launcher(Protocol):
    """Starts runs, as many at once as there are places."""

    places: int

    def launch(self, job: Job) -> Launched:
        """Start a run; there is a free place."""


class LocalRun:
    """A run in a thread that watches its processes.

    Args:
        task: The run.
        gpus: The GPUs it has, empty for the CPU.
    """

    def __init__(self, task: RunTask, gpus: Sequence[str]) -> None:
        self.task = task
        self.gpus = list(gpus)
        self.place = f"GPU {','.join(gpus)}" if gpus else "CPU"
        self.record: Record | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.record = self.task()
        except Exception as error:  # what the runner shows in the run's row
            self.record = Record("failed", f"{type(error).__name__}: {error}")
            write_record(self.task.job, self.record)

    def result(self) -> Record | None:
        """Say how it ended; None while it runs."""
        return None if self.thread.is_alive() else self.record

    def stop(self) -> None:
        """Ask it to end."""
        self.task.stop()

    def wait(self) -> None:
        """Wait until it has ended or its grace is over."""
        self.thread.join(GRACE)

    def kill(self) -> None:
        """End it if it has not ended yet."""
        if self.thread.is_alive():
            self.task.kill()
            self.thread.join()


class LocalLauncher:
    """Runs on this machine.

    Args:
        jobs: Runs at once; None for as many as the GPUs allow, or one on the CPU.
        gpus_per_run: GPUs of each run.
        gpus: The GPUs to use; None for those that this process sees.

    Raises:
        RunError: If a run cannot have as many GPUs.
    """

    def __init__(
        self, jobs: int | None = None, gpus_per_run: int = 1, gpus: Sequence[str] | None = None
    ) -> None:
        own = visible_gpus() if gpus is None else list(gpus)
        if gpus_per_run > max(1, len(own)):  # one of none is the CPU
            raise RunError(f"--gpus-per-run {gpus_per_run}: this machine shows {len(own)} GPU(s)")
        self.free = [
            own[start : start + gpus_per_run]
            for start in range(0, len(own) - gpus_per_run + 1, gpus_per_run)
        ]
        self.on_gpus = bool(own)
        places = len(self.free) if self.on_gpus else 1
        self.places = places if jobs is None else min(jobs, places) if self.on_gpus else jobs
        self.runs: list[LocalRun] = []

    def launch(self, job: Job) -> LocalRun:
        """Start a run on GPUs that no other run of this launcher has."""
        self._take_back()
        gpus = self.free.pop(0) if self.on_gpus else []
        environment = {"CUDA_VISIBLE_DEVICES": ",".join(gpus)} if gpus else {}
        run = LocalRun(RunTask(job, environment), gpus)
        self.runs.append(run)
        return run

    def _take_back(self) -> None:
        for run in [run for run in self.runs if run.result() is not None]:
            self.runs.remove(run)
            if run.gpus:
                self.free.append(run.gpus)


def visible_gpus() -> list[str]:
    """Name the GPUs that this process may use, as CUDA_VISIBLE_DEVICES does.

    As CUDA reads it, the list ends before the first name of no GPU, such as -1 or NoDevFiles.
    """
    stated = os.environ.get("CUDA_VISIBLE_DEVICES")
    if stated is not None:
        return list(itertools.takewhile(_names_gpu, map(str.strip, stated.split(","))))
    return [str(number) for number in range(torch.cuda.device_count())]


def _names_gpu(name: str) -> bool:
    return name[:1].isdigit() or name.startswith(("GPU-", "MIG-"))
