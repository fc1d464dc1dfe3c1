"""Specification of the tables of faults in `docs/`: each fault has tests, and they are there."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PAGES = ("reliability.md", "faults.md")
LETTER = re.compile(r"\*([A-Z])\*\s+(?:is\s+)?`([\w/]+\.py)`")
"""What a page says of its letters: *K* `folder/test_file.py`, below `tests/`."""
MENTION = re.compile(r"\*([A-Z])\*|`([^`]+)`")
"""A letter, or a file or a test's name."""


def rows(page: str) -> list[tuple[str, str]]:
    """Return the number and the tests of each row of a page's table of faults."""
    text = (REPOSITORY / "docs" / page).read_text()
    table = text[text.index("| # |") :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("| \n").split(" | ")] for line in table]
    assert {len(row) for row in cells if row[0].isdigit()} == {4}
    return [(row[0] if row[0].isdigit() else "", row[-1]) for row in cells]


def named_tests(page: str, cell: str) -> Iterator[tuple[str, str]]:
    """Return the file and the name of each test of a row; a name belongs to the file before it."""
    files = dict(LETTER.findall((REPOSITORY / "docs" / page).read_text()))
    file = ""
    for letter, name in MENTION.findall(cell):
        if letter or name.endswith(".py"):
            file = files[letter] if letter else name
        else:
            yield file, name


@cache
def names_in(file: Path) -> set[str]:
    """List the functions of a file."""
    functions = ast.parse(file.read_text()).body
    return {f.name for f in functions if isinstance(f, ast.FunctionDef)}


def test_every_fault_has_a_row() -> None:
    numbers = [int(number) for page in PAGES for number, _ in rows(page) if number]
    assert sorted(numbers) == list(range(1, 42))


@pytest.mark.parametrize("page", PAGES)
def test_every_row_names_tests_that_are_there(page: str) -> None:
    for number, cell in rows(page):
        named = list(named_tests(page, cell))
        assert named, f"{page}, row {number} names no test: {cell}"
        for file, name in named:
            assert name in names_in(REPOSITORY / "tests" / file), f"{page}, row {number}: {name}"
