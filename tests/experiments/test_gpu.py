"""python -m experiments.gpu: its plan, its budget and its report; its steps need a GPU."""

import sys
from pathlib import Path

import pytest
import torch

from experiments import gpu
from experiments.benchmark.model_rows import ROWS
from experiments.gpu import Step, main, plan, run_steps

FIND = "experiments.gpu.find_spec"


def step(name: str, program: str, seconds: int = 1, limit: int = 60) -> Step:
    """Run a Python program; its JSON is not asked for."""
    return Step(name, name.title(), ("-c", program), seconds, limit, writes_json=False)


def test_the_plan_is_shown_without_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dry-run"]) == 0
    printed = capsys.readouterr().out
    for planned in plan():
        assert f"] {planned.title}: about {planned.seconds} s" in printed
    assert "about 550 s of at most 570 s" in printed


def test_the_plan_has_the_tests_first_and_then_all_rows_of_both_papers_tables() -> None:
    tests, *tables = plan()
    assert "tests/experiments/test_gpu_training.py" in tests.arguments
    assert "tests/lightning_modules/callbacks/test_device_memory.py" in tests.arguments
    measured = {argument for table in tables for argument in table.arguments}
    assert measured >= ROWS.keys()


def test_all_flags_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """Each table's command is understood, up to the GPU that is not there."""
    from experiments.benchmark import __main__ as benchmark

    if torch.cuda.is_available():
        pytest.skip("would measure here; make gpu does that")
    for planned in plan():
        if "model" in planned.arguments:
            with pytest.raises(SystemExit, match="torch finds no GPU here"):
                benchmark.main([*planned.arguments[2:]])


@pytest.mark.parametrize("found", [True, False])
def test_what_is_missing_is_said_in_one_line_before_any_work(
    found: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: found)
    monkeypatch.setattr(FIND, lambda name: name not in ("av", "yaml") or None)
    monkeypatch.setattr(gpu, "run_steps", lambda *_: pytest.fail("worked"))
    assert main([]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert ("lacks PyYAML, av; install their wheels" in lines[0]) == found
    assert ("make gpu needs a GPU" in lines[0]) != found


def test_a_python_without_torch_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(FIND, lambda name: None)
    assert main([]) == 1
    assert f"error: {sys.executable} has no torch" in capsys.readouterr().err


def test_each_result_is_written_when_it_is_there(tmp_path: Path) -> None:
    look = f"print(open({str(tmp_path / gpu.REPORT)!r}).read().count('## '))"
    steps = [step("one", "print('first')"), step("two", look)]
    assert run_steps(steps, 60, tmp_path, tmp_path) == 0
    report = (tmp_path / gpu.REPORT).read_text()
    assert "Written by `make gpu`, at commit " in report
    assert "## One\n\n```bash\npython -c 'print('" in report
    assert "first\n\nIt took " in report
    assert "```text\n1\n" in report  # one section was there during the second step


def test_a_step_without_enough_time_is_left_out_and_said(tmp_path: Path) -> None:
    steps = [step("long", "raise SystemExit(3)", seconds=100), step("short", "print('done')")]
    assert run_steps(steps, 50, tmp_path, tmp_path) == 0
    report = (tmp_path / gpu.REPORT).read_text()
    assert "Not run: 50 s were left, it takes about 100 s." in report
    assert "done" in report


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("print('half'); raise SystemExit(3)", "half\n\n**Failed** with status 3."),
        ("import time; time.sleep(60)", "Stopped after 1 s, without a result."),
    ],
)
def test_the_steps_after_a_failure_run_and_the_status_is_1(
    program: str, said: str, tmp_path: Path
) -> None:
    steps = [step("bad", program, limit=1), step("good", "print('done')")]
    if "half" in program:
        steps[0] = step("bad", program)
    assert run_steps(steps, 60, tmp_path, tmp_path) == 1
    report = (tmp_path / gpu.REPORT).read_text()
    assert said in report
    assert "done" in report
