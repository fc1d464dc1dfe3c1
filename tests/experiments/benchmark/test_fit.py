"""python -m experiments.benchmark fit: the bottleneck, cores, and a short run; no time."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.benchmark import __main__
from experiments.benchmark.fit_results import FitResult, feeding_table, rate_table
from experiments.benchmark.stages import STAGES, StageTimes
from tests.conftest import REPOSITORY, TINY_SHAPES
from tests.experiments.runs import SMALL_NETWORK

DEMO = str(REPOSITORY / "experiments" / "demo.yaml")


@pytest.fixture(autouse=True)
def lightning_s_messages() -> Iterator[None]:
    logger = logging.getLogger("pytorch_lightning")
    before = logger.level
    yield
    logger.setLevel(before)


def stages(ms: float) -> StageTimes:
    """One clip."""
    return StageTimes({**dict.fromkeys(STAGES, 0.0), "decode": ms / 1000}, 1)


def given(fit: float, step: float = 400, loader: float = 1000) -> FitResult:
    """A GPU with eight workers; a clip takes 50 ms of a core, its copy 10 ms."""
    return FitResult(
        fit=fit,
        step=step,
        loader=loader,
        transfer=20_000,
        workers=8,
        on_gpu=True,
        stages=stages(50),
        copy_stages=stages(10),
    )


@pytest.mark.parametrize(
    ("result", "named"),
    [
        (given(390), "the training step"),
        (given(150, loader=160), "the loader: the step needs 20 cores"),
        (replace(given(150), transfer=160.0), "the copy to the GPU"),
        (given(300), "no part alone"),
        (replace(given(300), on_gpu=False, transfer=None), "the CPU's cores"),
        (replace(given(300), on_gpu=False, workers=0), "take turns in one process"),
        (given(800), "unknown"),
    ],
)
def test_the_bottleneck_is_named(result: FitResult, named: str) -> None:
    assert result.bottleneck.startswith(named) or named in result.bottleneck
    assert rate_table(result).notes == [f"Bottleneck: {result.bottleneck}."]


def test_rates_are_shown_as_parts_of_the_step_s() -> None:
    rows = rate_table(given(100)).rows
    assert [row[1:] for row in rows] == [
        ["400.0", "1.00"],
        ["1000.0", "2.50"],
        ["20000.0", "50.00"],
        ["100.0", "0.25"],
    ]
    assert len(rate_table(replace(given(100), transfer=None)).rows) == 3


def test_cores_are_counted_for_originals_and_copies() -> None:
    table = feeding_table(given(100), [800, 1001])
    assert [row[1:] for row in table.rows] == [["20", "4"], ["40", "8"], ["51", "11"]]
    alone = feeding_table(replace(given(100), copy_stages=None), [800])
    assert [row[1:] for row in alone.rows] == [["20"], ["40"]]


@pytest.mark.slow
def test_a_short_run_measures_all_parts(
    shapes_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.json"
    __main__.main(
        [
            *("fit", "--config", DEMO, "--videos=3", "--steps=2", "--warmup=1", "--transcode"),
            *(*TINY_SHAPES, f"--data.root={shapes_root}", SMALL_NETWORK),
            *("--trainer.accelerator=cpu", f"--json={file}", "--markdown"),
        ]
    )
    printed = capsys.readouterr().out
    assert "batches of 4 clips of 4 frames, 2 steps after 1 untimed ones, 3 different" in printed
    assert "| step alone, one batch on the device |" in printed
    assert "Bottleneck: " in printed
    content = json.loads(file.read_text())
    rates = content["clips_per_second"]
    assert min(rates["fit"], rates["step_alone"], rates["loader_alone"]) > 0
    assert rates["transfer_alone"] is None
    assert set(content["cores_for_clips_per_second"]) == {"originals", "copies"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--config", "nowhere.yaml"], "nowhere.yaml: no such experiment"),
        (["--config", DEMO, "--steps=0"], "must be above 0"),
    ],
)
def test_mistakes_end_in_one_line(arguments: list[str], named: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        __main__.main(["fit", *arguments])
    assert named in str(exit_.value)


def test_several_processes_are_refused(shapes_root: Path) -> None:
    arguments = [*TINY_SHAPES, f"--data.root={shapes_root}", SMALL_NETWORK]
    two = ["--trainer.accelerator=cpu", "--trainer.devices=2"]
    with pytest.raises(SystemExit, match=r"leave trainer\.devices at 1"):
        __main__.main(["fit", "--config", DEMO, *arguments, *two])
