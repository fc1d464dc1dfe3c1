"""Specification of an output that its reader closes early, as ``head`` does: a quiet end."""

import os
import subprocess
import sys

import pytest

from datamodules.prepare.closed_output import OUTPUT_CLOSED, quiet_if_output_closes
from tests.conftest import REPOSITORY


def run_unread(*arguments: str, unbuffered: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python with an output that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return subprocess.run(
            [sys.executable, *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            check=False,
        )
    finally:
        os.close(writing)


@pytest.mark.parametrize(
    ("command", "unbuffered"),
    [
        ("experiments.grid list", ""),
        ("experiments.grid run teinet_table1a --dry-run", ""),
        ("experiments.grid run teinet_table1a --dry-run", "1"),
        ("datamodules.prepare verify --help", ""),
    ],
)
def test_a_command_whose_output_is_not_read_ends_quietly(command: str, unbuffered: str) -> None:
    ended = run_unread("-m", *command.split(), unbuffered=unbuffered)
    assert ended.stderr == ""
    assert ended.returncode in (0, OUTPUT_CLOSED)  # 0 if all of it fitted in a buffer


def test_an_error_is_shown_though_the_output_before_it_is_not_read() -> None:
    program = (
        "from experiments.cli.user_errors import user_errors\n"
        "from lightning_modules import RunError\n"
        "with user_errors():\n"
        "    print('a table')\n"
        "    raise RunError('wrong')\n"
    )
    ended = run_unread("-c", program)
    assert (ended.returncode, ended.stderr) == (1, "error: wrong\n")


def test_a_pipe_that_breaks_elsewhere_stays_an_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError), quiet_if_output_closes():
        os.write(writing, b"to a worker")
    os.close(writing)
