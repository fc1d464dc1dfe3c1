"""The message about a step that a signal ended."""

import signal
import sys
from pathlib import Path

import pytest

from experiments.grid.state import read_record
from experiments.grid.task import RunTask
from tests.experiments.grid.conftest import MakeGrid, runs_of

STEP = """
import os, sys
print("BatchNorm: 20 of 20 layers learn", file=sys.stderr, flush=True)
os.kill(os.getpid(), int(sys.argv[1]))
"""
LAST = "BatchNorm: 20 of 20 layers learn"


@pytest.mark.parametrize(
    ("number", "state", "message"),
    [
        (signal.SIGKILL, "failed", f"killed by SIGKILL (out of memory?): {LAST}"),
        (signal.SIGABRT, "failed", f"killed by SIGABRT: {LAST}"),
        (signal.SIGRTMIN + 1, "failed", f"killed by signal {signal.SIGRTMIN + 1}: {LAST}"),
        (signal.SIGTERM, "stopped", LAST),
    ],
)
def test_a_killed_step_is_reported_with_the_signal_and_its_last_line(
    make_grid: MakeGrid, tmp_path: Path, number: int, state: str, message: str
) -> None:
    (run,) = runs_of(make_grid("  A: {}\n"), tmp_path).values()
    task = RunTask(run)
    task.program = (sys.executable, "-c", STEP, str(int(number)))
    record = task()
    assert (record.state, record.message) == (state, message)
    assert read_record(run) == record


def test_a_step_that_was_killed_without_output_is_reported_with_the_signal(
    make_grid: MakeGrid, tmp_path: Path
) -> None:
    (run,) = runs_of(make_grid("  A: {}\n"), tmp_path).values()
    task = RunTask(run)
    task.program = (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    assert task().message == "killed by SIGKILL (out of memory?)"
