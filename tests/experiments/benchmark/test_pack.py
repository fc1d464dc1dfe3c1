"""python -m experiments.benchmark pack: the same frames from files and from a pack, their times."""

import json
from pathlib import Path

import numpy as np
import pytest

from datamodules.decoding.write_video import write_video
from experiments.benchmark import __main__
from experiments.benchmark.pack import KINDS, result_table


def test_the_ratio_is_the_median_of_pairs() -> None:
    one = {"loose": [0.002, 0.004, 9.0], "pack": [0.001, 0.004, 0.006]}
    table = result_table({"whole videos": [one]})
    assert table.rows == [["whole videos", "4.00", "4.00", "2.000"]]


@pytest.mark.parametrize("option", ["--clock=cpu", "--cold"])
def test_videos_are_read_loose_and_packed(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_video(tmp_path / "videos/one.mp4", np.full((12, 32, 40, 3), 90, dtype=np.uint8))
    write_video(tmp_path / "videos/two.mp4", np.full((15, 32, 40, 3), 70, dtype=np.uint8))
    file = tmp_path / "out.json"
    arguments = ["pack", f"{tmp_path}/videos", "--repeats=3", f"--json={file}", "--markdown"]
    __main__.main([*arguments, f"--folder={tmp_path}", option])
    printed = capsys.readouterr().out
    assert all(f"| {kind} |" in printed for kind in KINDS)
    seconds = json.loads(file.read_text())["seconds"]
    assert [[len(times["pack"]) for times in seconds[kind]] for kind in KINDS] == [[3, 3]] * 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "videos"]


def test_nothing_to_measure_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        __main__.main(["pack", str(tmp_path)])
    assert str(caught.value) == f"error: {tmp_path}: holds no video"
