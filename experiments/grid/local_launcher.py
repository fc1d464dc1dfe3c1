"""Executes runs on this machine, on its GPUs or its CPU."""

import itertools
import os
import threading
from collections.abc import Sequence

import torch

from experiments.grid.state import Record, write_record
from experiments.grid.task import GRACE_SECONDS, RunTask
from experiments.session import Run
from lightning_modules import RunError


class LocalHandle:
    """A run in a thread that waits for its processes.

    Args:
        task: Executes the run.
        gpus: The GPUs that it uses; empty for the CPU.
    """

    def __init__(self, task: RunTask, gpus: Sequence[str]) -> None:
        self.task = task
        self.gpus = list(gpus)
        self.where = f"GPU {','.join(gpus)}" if gpus else "CPU"
        self.record: Record | None = None
        self.thread = threading.Thread(target=self._execute, daemon=True)
        self.thread.start()

    def _execute(self) -> None:
        try:
            self.record = self.task()
        except Exception as error:  # shown in the run's line of the live table
            self.record = Record("failed", f"{type(error).__name__}: {error}")
            write_record(self.task.run, self.record)

    def result(self) -> Record | None:
        """Return the record of the ended run; None while it runs."""
        return None if self.thread.is_alive() else self.record

    def stop(self) -> None:
        """Ask it to save a checkpoint and end."""
        self.task.stop()

    def wait(self) -> None:
        """Wait until it has ended, at most `GRACE_SECONDS`."""
        self.thread.join(GRACE_SECONDS)

    def kill(self) -> None:
        """End it at once if it has not ended yet."""
        if self.thread.is_alive():
            self.task.kill()
            self.thread.join()


class LocalLauncher:
    """Starts runs on this machine.

    Args:
        max_runs: Runs at once; None for as many as the GPUs allow, or one on the CPU.
        gpus_per_run: GPUs of each run.
        gpus: The GPUs to use; None for those that this process sees.

    Raises:
        RunError: If there are fewer GPUs than a run needs.
    """

    def __init__(
        self, max_runs: int | None = None, gpus_per_run: int = 1, gpus: Sequence[str] | None = None
    ) -> None:
        own = visible_gpus() if gpus is None else list(gpus)
        if gpus_per_run > max(1, len(own)):  # without a GPU, a run uses the CPU
            raise RunError(
                f"--gpus-per-run {gpus_per_run}: this machine has {len(own)} usable GPU(s)"
            )
        self.free = [
            own[start : start + gpus_per_run]
            for start in range(0, len(own) - gpus_per_run + 1, gpus_per_run)
        ]
        self.on_gpus = bool(own)
        if self.on_gpus:
            self.slots = min(max_runs or len(self.free), len(self.free))
        else:
            self.slots = max_runs or 1
        self.handles: list[LocalHandle] = []

    def launch(self, run: Run) -> LocalHandle:
        """Start a run on GPUs that no other run of this launcher uses."""
        self._free_gpus()
        gpus = self.free.pop(0) if self.on_gpus else []
        environment = {"CUDA_VISIBLE_DEVICES": ",".join(gpus)} if gpus else {}
        handle = LocalHandle(RunTask(run, environment), gpus)
        self.handles.append(handle)
        return handle

    def _free_gpus(self) -> None:
        for handle in [handle for handle in self.handles if handle.result() is not None]:
            self.handles.remove(handle)
            if handle.gpus:
                self.free.append(handle.gpus)


def visible_gpus() -> list[str]:
    """List the GPUs that this process may use, named as in CUDA_VISIBLE_DEVICES.

    As for CUDA itself, the list ends before the first invalid name, such as -1 or NoDevFiles.
    """
    stated = os.environ.get("CUDA_VISIBLE_DEVICES")
    if stated is not None:
        return list(itertools.takewhile(_names_gpu, map(str.strip, stated.split(","))))
    return [str(number) for number in range(torch.cuda.device_count())]


def _names_gpu(name: str) -> bool:
    return name[:1].isdigit() or name.startswith(("GPU-", "MIG-"))
