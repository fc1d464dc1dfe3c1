"""SIGTERM and SIGHUP end a grid like Ctrl-C, unless they are ignored."""

import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

PROGRAM = """
import signal
from experiments.grid.interruption import termination_as_interrupt

signal.signal(signal.{name}, signal.{before})  # whatever this process has inherited
try:
    with termination_as_interrupt():
        signal.raise_signal(signal.{name})
        print("continues")
except KeyboardInterrupt:
    print("interrupted")
print(signal.getsignal(signal.{name}).name)
"""


def outcome(name: str, before: str) -> list[str]:
    """Raise a signal that was set to SIG_DFL or SIG_IGN before; give what the program printed."""
    command = [sys.executable, "-c", PROGRAM.format(name=name, before=before)]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return ended.stdout.splitlines()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_termination_interrupts_and_the_handler_is_restored(name: str) -> None:
    assert outcome(name, "SIG_DFL") == ["interrupted", "SIG_DFL"]


def test_a_grid_under_nohup_outlives_its_terminal() -> None:
    assert outcome("SIGHUP", "SIG_IGN") == ["continues", "SIG_IGN"]
