"""Reads the code of a page in `docs/` and runs it as a reader would."""

import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import REPOSITORY
from train import main


def code(page: str, language: str) -> list[str]:
    """List a page's blocks of code in a language."""
    text = (REPOSITORY / "docs" / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[list[str]]:
    """List the arguments of each command of a page's blocks for the shell."""
    joined = "".join(code(page, "bash")).replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in joined.splitlines()]


def write_module(block: str, folder: Path) -> None:
    """Write a block to the file that its first line names."""
    first = block.splitlines()[0]
    (folder / first.removeprefix("# ")).write_text(block)


def train(command: Sequence[str], *more: str) -> None:
    """Run a command of train.py, with further arguments for a short run."""
    assert command[:2] == ["python", "train.py"]
    main([*command[2:], *more])


def forget(*modules: str) -> None:
    """Let the next test import its own files of these names."""
    for module in modules:
        sys.modules.pop(module, None)
