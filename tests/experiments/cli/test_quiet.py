"""Specification of what is hidden: messages that do not matter here, and no others."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.cli.quiet import hide_harmless_messages
from tests.conftest import REPOSITORY


def test_torch_does_not_say_that_a_compilation_on_a_cpu_finds_no_gpu(tmp_path: Path) -> None:
    program = (
        "from experiments.cli.quiet import hide_harmless_messages\n"
        "hide_harmless_messages()\n"
        "import torch.utils.cpp_extension\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "CUDA_HOME": str(tmp_path)},
        check=True,
    )
    assert ended.stderr == ""


def test_other_messages_of_the_same_logger_are_shown(caplog: pytest.LogCaptureFixture) -> None:
    hide_harmless_messages()
    logging.getLogger("torch.utils.cpp_extension").warning("no compiler")
    assert caplog.messages == ["no compiler"]
