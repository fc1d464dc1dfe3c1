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


def rows(page: str, column: str) -> dict[int, str]:
    """Return the cells of a column of a page's tables of faults, by the fault's number."""
    text = (REPOSITORY / "docs" / page).read_text()
    cells: dict[int, str] = {}
    for table in re.findall(r"^\| # \|.*\n(?:\|.*\n)+", text, re.MULTILINE):
        head, _, *lines = [split(line) for line in table.splitlines()]
        assert {len(line) for line in lines} == {len(head)}
        if column in head:
            new = {int(line[0]): line[head.index(column)] for line in lines}
            assert not new.keys() & cells.keys()
            cells |= new
    return cells


def split(line: str) -> list[str]:
    """Split a table's line into cells."""
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


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


@pytest.mark.parametrize("page", PAGES)
def test_every_fault_has_tests(page: str) -> None:
    assert rows(page, "fault").keys() == rows(page, "tests").keys()


def test_the_numbers_of_faults_have_no_gap() -> None:
    numbers = [number for page in PAGES for number in rows(page, "fault")]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 49  # none is lost


@pytest.mark.parametrize("page", PAGES)
def test_every_row_names_tests_that_are_there(page: str) -> None:
    for number, cell in rows(page, "tests").items():
        named = list(named_tests(page, cell))
        assert named, f"{page}, row {number} names no test: {cell}"
        for file, name in named:
            assert name in names_in(REPOSITORY / "tests" / file), f"{page}, row {number}: {name}"
