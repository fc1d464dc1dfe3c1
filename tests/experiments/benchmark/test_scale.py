"""python -m experiments.benchmark scale: what the start of a fit costs, process by process."""

import json
from pathlib import Path

import pytest

from datamodules import Kinetics400, VideoList
from datamodules.decoding import video_index
from experiments.benchmark import __main__
from experiments.benchmark.scale_files import make_files
from experiments.benchmark.scale_first_step import ClipCost, first_step_table
from experiments.benchmark.scale_results import ProcessStart, ScaleResult, start_table
from tests.datamodules.decoding.encoded import encode

STEP = {"cpu": 1.0, "wall": 2.0, "own": 30.0, "all": 40.0, "peak": 50.0}


def test_each_process_is_a_row_with_its_sums() -> None:
    steps = {name: dict(STEP) for name in ("list", "videos", "batch", "order")}
    steps["videos"]["peak"] = 70.0
    start = ProcessStart("Kinetics400", rank=1, processes=8, steps=steps, keys=9)
    table = start_table(
        ScaleResult(
            20_000, 4.0, {"files": 9, "cpu": 1.0, "wall": 1.0}, {"cpu": 1.0, "wall": 3.0}, [start]
        )
    )
    assert table.title == "20,000 known videos"
    sums = ["3.00", "6.0", "30", "70", "1.00"]
    assert table.rows == [["Kinetics400, 2 of 8", "1.00", "1.00", "1.00", *sums]]
    assert "The index answers for all 20,000 videos in 1.0 s of CPU (3.0 s)" in table.notes[1]


def test_the_first_step_waits_for_all_files_or_for_a_look_at_their_packets() -> None:
    table = first_step_table(ClipCost(full=0.16, packets=0.002), 240_000, cores=16, start=6.0)
    assert table.rows == [
        ["look: full", "2,400.0", "6.0", "0.0", "40.1"],
        ["look: packets", "120.0", "6.0", "0.6", "2.1"],
    ]
    assert "first epoch: 40 minutes if 16 cores" in table.notes[0]


def test_the_index_knows_all_files_and_both_lists_name_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = make_files(tmp_path, 450)
    monkeypatch.setattr(video_index, "scan", None)  # any scan would fail
    own = VideoList(str(files.csv), root=str(files.root), index_dir=str(files.index))
    published = Kinetics400(str(files.root), check_counts=False, index_dir=str(files.index))
    lengths = {split: len(own.load_records(split).paths) for split in ("train", "val")}
    assert lengths == {"train": 50, "val": 400}
    for split in ("train", "val"):
        assert list(own.records[split].paths) == list(published.load_records(split).paths)
        assert min(own.records[split].frames) == 250


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_start_of_each_process_is_measured(
    processes: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.json"
    folder = tmp_path / "scratch"
    folder.mkdir()
    encode(tmp_path / "clip.mp4", "libx264")
    wanted = (
        f"--clips={tmp_path / 'clip.mp4'}",
        "--videos=450",
        f"--processes={processes}",
        f"--folder={folder}",
    )
    __main__.main(["scale", *wanted, f"--json={file}", "--markdown"])
    printed = capsys.readouterr().out
    assert "450 known videos" in printed
    assert "Looking at the packets of 450 of them" in printed
    assert "| look: packets |" in printed
    starts = json.loads(file.read_text())["starts"]
    assert [(start["source"], start["rank"], start["processes"]) for start in starts] == [
        (source, rank, processes)
        for source in ("VideoList", "Kinetics400")
        for rank in range(processes)
    ]
    assert all(start["steps"]["batch"]["cpu"] > 0 for start in starts)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--videos=99"], "--videos must be at least 100"),
        (["--processes=0"], "--processes and --cores at least 1"),
        (["--folder=nowhere"], "nowhere: no such folder"),
        (["--vidoes=100"], "--vidoes=100: no such option"),
    ],
)
def test_a_wrong_argument_is_named(arguments: list[str], named: str) -> None:
    with pytest.raises(SystemExit, match=named):
        __main__.main(["scale", *arguments])
