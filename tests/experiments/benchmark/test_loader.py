"""python -m experiments.benchmark loader: stages, shares, cores that a GPU needs."""

import json
from pathlib import Path

import pytest

from experiments.benchmark import __main__
from experiments.benchmark.loader_results import LoaderResult, core_table, stage_table
from experiments.benchmark.stages import STAGES, StageTimes
from tests.conftest import REPOSITORY, TINY_SHAPES

DEMO = str(REPOSITORY / "experiments" / "demo.yaml")


def given_times() -> LoaderResult:
    """100 clips: 1, 6, 2 and 1 ms per clip."""
    seconds = dict(zip(STAGES, (0.1, 0.6, 0.2, 0.1), strict=True))
    return LoaderResult(StageTimes(seconds, 100), whole=150.0, workers=2, videos=100)


def test_stages_are_shown_per_clip_with_their_shares() -> None:
    table = stage_table(given_times())
    assert [row[1:] for row in table.rows] == [
        ["1.00", "10%", "1000"],
        ["6.00", "60%", "167"],
        ["2.00", "20%", "500"],
        ["1.00", "10%", "1000"],
        ["10.00", "100%", "100.0"],
    ]
    assert table.notes == ["The complete loader with 2 workers: 150.0 clips/s."]


def test_cores_are_rounded_up() -> None:
    rows = core_table(given_times(), [100, 101, 400]).rows
    assert [row[1] for row in rows] == ["1", "2", "4"]


def test_a_stage_that_costs_nothing_has_no_rate() -> None:
    seconds = {**dict.fromkeys(STAGES, 0.0), "decode": 1.0}
    table = stage_table(LoaderResult(StageTimes(seconds, 10), 1.0, 0, 10))
    assert table.rows[0][1:] == ["0.00", "0%", "-"]


@pytest.mark.parametrize(("split", "clips"), [("train", 1), ("val", 1), ("test", 6)])
def test_every_split_is_measured(
    split: str, clips: int, shapes_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.json"
    __main__.main(
        [
            *("loader", "--config", DEMO, "--split", split, "--videos=5", f"--json={file}"),
            *("--gpu_clips_per_second", "400", "--markdown"),
            *(*TINY_SHAPES, f"--data.root={shapes_root}", "--data.protocol=2x3"),
        ]
    )
    printed = capsys.readouterr().out
    assert "5 videos, 4 frames per clip, batches of 4" in printed
    for stage in STAGES:
        assert f"| {stage}: " in printed
    assert "| 400 clips/s |" in printed
    content = json.loads(file.read_text())
    assert set(content["stages_ms_per_clip"]) == set(STAGES)
    assert content["videos"] == 5
    assert content["clips"] == 5 * clips


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--config", "nowhere.yaml"], "nowhere.yaml: no such experiment"),
        (["--config", DEMO, "--data.num_segments=0"], "num_segments=0 must be at least 1"),
        (["--config", DEMO, "--videos=0"], "must be above 0"),
        (
            ["--config", DEMO, "--data.test_videos=0", "--split=test"],
            "the test split holds no videos",
        ),
    ],
)
def test_mistakes_end_in_one_line(arguments: list[str], named: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        __main__.main(["loader", *arguments])
    assert str(exit_.value).startswith("error: ")
    assert named in str(exit_.value)


def test_an_unknown_setting_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        __main__.main(["loader", "--config", DEMO, "--data.batchsize=8"])
    assert exit_.value.code == 2
    assert "batchsize" in capsys.readouterr().err


def test_a_file_without_data_is_named(tmp_path: Path) -> None:
    file = tmp_path / "model.yaml"
    file.write_text("model: {}\n")
    with pytest.raises(SystemExit, match=r"model\.yaml: has no section data"):
        __main__.main(["loader", "--config", str(file)])
