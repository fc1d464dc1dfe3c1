"""Progress of long loops in a log file."""

import pytest

from datamodules import progress
from datamodules.progress import with_progress


def test_a_log_file_gets_one_line_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(with_progress(iter("abc"), "Indexing", 3)) == ["a", "b", "c"]
    assert capsys.readouterr().out == "Indexing: 3 in 0:00:00\n"


def test_a_long_loop_gets_lines_with_the_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 40))  # 40 seconds for each item
    monkeypatch.setattr(progress, "monotonic", lambda: next(clock))
    list(with_progress("abc", "Indexing", 3))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["Indexing: 1/3, 0:01:20 left", "Indexing: 2/3, 0:00:40 left"]
    assert lines[2].startswith("Indexing: 3 in 0:0")
