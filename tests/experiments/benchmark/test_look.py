"""python -m experiments.benchmark look: what a look costs, as a multiple of one decoding."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datamodules.decoding.write_video import write_video
from experiments.benchmark import __main__
from experiments.benchmark.look import FileResult, group_table, measure_file


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Thirty frames of noise."""
    frames = np.random.default_rng(0).integers(0, 256, (30, 32, 48, 3), dtype=np.uint8)
    write_video(tmp_path / "noise.mkv", frames, options={"g": "10", "sc_threshold": "0"})
    return tmp_path / "noise.mkv"


def test_files_are_summed_up_by_codec_and_container(video: Path) -> None:
    facts = measure_file(video, 1, lambda: 0.0).facts
    files = [FileResult(Path(f"{ms}.mkv"), facts, 10.0, ms, 1.0) for ms in (12.0, 15.0, 30.0)]
    files.append(
        FileResult(Path("a.webm"), replace(facts, codec="vp9", seek_index=b""), 4.0, 8.0, 1.0)
    )
    first, second = group_table(files).rows
    assert first == ["h264 mkv", "3", "1.50", "1.20", "3.00", "3 of 3"]
    assert second == ["vp9 webm", "1", "2.00", "2.00", "2.00", "0 of 1"]


def test_every_file_gets_a_row(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    __main__.main(["look", str(video.parent), "--repeats=1", "--markdown"])
    printed = capsys.readouterr().out
    assert "| noise.mkv | 48x32, 30 | 3 |" in printed
    assert "| h264 mkv | 1 |" in printed


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(["--repeats=0"], "--repeats must be"), (["--speed"], "unknown arguments --speed")],
)
def test_a_wrong_argument_is_one_line(arguments: list[str], reason: str, video: Path) -> None:
    with pytest.raises(SystemExit, match=reason):
        __main__.main(["look", str(video), *arguments])
