"""ProgressLines: a line per epoch and per N steps, for log files."""

import re
from collections.abc import Callable

import pytest

from lightning_modules import RunError, VideoRecognizer
from lightning_modules.callbacks import ProgressLines
from tests.lightning_modules.conftest import Fit

Make = Callable[..., VideoRecognizer]
BAR = {"enable_progress_bar": True}

STEP = re.compile(
    r"epoch (\d+)/2, step (\d+)/8: loss \d+\.\d{4}, top-1 (\d+\.\d\d) %, [\d,]+\.\d clips/s, "
    r"\d+:\d\d:\d\d left"
)
RESULTS = r"loss \d+\.\d{4}, top-1 \d+\.\d\d %, top-5 100\.00 %"
EPOCH = re.compile(
    rf"epoch (\d+)/2: train {RESULTS}; val {RESULTS}; took \d:\d\d:\d\d, \d:\d\d:\d\d left"
)


def test_a_fit_prints_a_line_for_every_n_steps_and_every_epoch(
    fit: Fit, recognizer: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(recognizer(), ProgressLines(2), max_epochs=2, **BAR)
    lines = capsys.readouterr().out.splitlines()
    steps = [match.groups()[:2] for line in lines if (match := STEP.fullmatch(line))]
    assert steps == [("1", "2"), ("1", "4"), ("2", "6"), ("2", "8")]
    epochs = [match[1] for line in lines if (match := EPOCH.fullmatch(line))]
    assert epochs == ["1", "2"]
    assert len(lines) == 6


def test_steps_show_the_accuracy_of_their_own_clips(
    fit: Fit, recognizer: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = fit(recognizer(), ProgressLines(2), max_epochs=1, **BAR)
    lines = capsys.readouterr().out.splitlines()
    parts = [float(top1) for top1 in re.findall(r"step .* top-1 (\S+) %", "\n".join(lines))]
    whole = 100 * float(trainer.callback_metrics["train/top1"])
    assert len(parts) == 2
    assert sum(parts) / 2 == pytest.approx(whole, abs=0.02)


def test_steps_inside_an_accumulation_are_counted_once(
    fit: Fit, recognizer: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(recognizer(), ProgressLines(1), max_epochs=1, accumulate_grad_batches=2, **BAR)
    assert re.findall(r"step (\d+)/(\d+)", capsys.readouterr().out) == [("1", "2"), ("2", "2")]


def test_no_steps_between_two_lines_are_refused() -> None:
    with pytest.raises(RunError, match="progress_every_n_steps=0"):
        ProgressLines(0)
