"""What train.py prints where there is no terminal: lines, no bars, no tables."""

import re
import signal

import pytest

from tests.conftest import Run
from tests.experiments.runs import SMALL_NETWORK
from tests.experiments.stopping import stop_at

Output = pytest.CaptureFixture[str]
DRAWN = re.compile("[━┃┏│]")
"""What bars and tables are made of."""


def test_a_log_file_gets_lines_and_neither_bars_nor_tables(tiny_run: Run, capsys: Output) -> None:
    tiny_run("fit", SMALL_NETWORK, "--progress_every_n_steps=2")
    fit = capsys.readouterr().out
    assert re.findall(r"epoch 1/1, step (\d)/4: loss ", fit) == ["2", "4"]
    assert len(re.findall(r"epoch 1/1: train loss .*; val loss .* left\n", fit)) == 1
    tiny_run(
        "test",
        SMALL_NETWORK,
        "--ckpt_path=last",
        "--data.batch_size=2",
        "--progress_every_n_steps=2",
    )
    test = capsys.readouterr().out
    assert re.search(r"test: batch 2/4, 0:00:0\d left\n", test)
    assert re.search(r"test: loss \d.*, top-1 .* %, top-5 .* %, 8 videos\n", test)
    assert not DRAWN.search(fit + test)


def test_a_fit_resumed_inside_an_epoch_goes_on_with_its_lines(
    tiny_run: Run, capsys: Output
) -> None:
    with pytest.raises(SystemExit):
        tiny_run("fit", SMALL_NETWORK, *stop_at("on_train_batch_end", 2, signal.SIGTERM))
    capsys.readouterr()
    tiny_run("fit", SMALL_NETWORK, "--ckpt_path=last", "--progress_every_n_steps=1")
    lines = capsys.readouterr().out
    assert re.findall(r"step (\d)/4", lines) == ["3", "4"]
    assert len(re.findall("epoch 1/1: train loss", lines)) == 1


def test_progress_can_be_switched_off(tiny_run: Run, capsys: Output) -> None:
    tiny_run("fit", SMALL_NETWORK, "--trainer.enable_progress_bar=false")
    assert "epoch" not in capsys.readouterr().out
