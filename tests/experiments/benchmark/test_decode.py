"""python -m experiments.benchmark decode: the right rows, the right ratios, honest remarks."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.write_video import write_video
from experiments.benchmark import __main__, decode, machine, readers
from experiments.benchmark.decode_results import (
    FileResult,
    file_table,
    group_table,
    median_ratio,
    ratio,
)
from experiments.benchmark.readers import IN_ORDER, OURS, Reader, our_readers
from experiments.benchmark.same_frames import OTHER_FRAMES, OTHER_SIZE, SAME, Verdict

LOSSLESS = {"crf": "0", "preset": "ultrafast"}
FAST = Reader("other, fast", "other", lambda path, indices, layout: read_frames(path, indices))
SLOW = Reader("other, slow", "other", FAST.read)
READERS = [*our_readers(), FAST, SLOW]
SAME_FRAMES = Verdict(SAME, 0)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Thirty frames of noise: no two are alike."""
    frames = np.random.default_rng(0).integers(0, 256, (30, 32, 48, 3), dtype=np.uint8)
    path = tmp_path / "noise.mkv"
    write_video(path, frames, codec="libx264rgb", pixel_format="rgb24", options=LOSSLESS)
    return path


def result(
    name: str, group: str, milliseconds: Mapping[str, float], **kwargs: object
) -> FileResult:
    """A file whose readers took these times."""
    seconds = {reader: [time / 1000] for reader, time in milliseconds.items()}
    verdicts = dict.fromkeys(seconds, SAME_FRAMES)
    fields: dict[str, object] = {"verdicts": verdicts, **kwargs}
    return FileResult(Path(name), group, 30, 48, 32, True, seconds=seconds, **fields)  # type: ignore[arg-type]


def test_the_faster_mode_of_a_library_counts() -> None:
    file = result("a.mp4", "g", {OURS: 10, FAST.name: 15, SLOW.name: 30})
    assert ratio(file, [FAST.name, SLOW.name]) == pytest.approx(1.5)
    assert ratio(file, [SLOW.name]) == pytest.approx(3.0)


def test_a_library_that_fails_everywhere_has_no_ratio() -> None:
    file = result("a.mp4", "g", {OURS: 10})
    assert ratio(file, [FAST.name]) is None
    assert median_ratio([file], [FAST.name]) is None


def test_the_median_over_files_skips_failures() -> None:
    times = [{OURS: 10, FAST.name: other} for other in (10, 20, 90)]
    files = [result("f", "g", time) for time in [*times, {OURS: 10}]]
    assert median_ratio(files, [FAST.name]) == pytest.approx(2.0)


def test_groups_are_summed_up_apart_with_their_remarks() -> None:
    other = {FAST.name: Verdict(OTHER_FRAMES, 90, [3])}
    times = {OURS: 10, IN_ORDER: 20, FAST.name: 30, SLOW.name: 40}
    files = [
        result("a.mp4", "first", times),
        result("b.avi", "second", times, verdicts={**dict.fromkeys(times, SAME_FRAMES), **other}),
        result(
            "c.avi", "second", {OURS: 10, IN_ORDER: 10}, failures={FAST.name: "no", SLOW.name: "no"}
        ),
    ]
    table = group_table(files, READERS)
    assert table.headings == ["group", "files", IN_ORDER, "other"]
    assert table.rows[0] == ["first", "1", "2.00", "3.00"]
    assert table.rows[1] == ["second", "2", "1.50", "3.00 (other frames in 1, fails in 1)"]
    cells = file_table(files, READERS).rows
    assert cells[1][4] == "30.0 (other frames)"
    assert cells[2][4] == "fails"


def test_a_reason_to_fail_is_reported_once() -> None:
    why = {FAST.name: "does not load"}
    files = [result(f"{name}.mp4", "g", {OURS: 10}, failures=why) for name in "ab"]
    files.append(result("c.mp4", "g", {OURS: 10}, failures={FAST.name: "broken"}))
    _, *said = file_table(files, READERS).notes
    assert said == [f"{FAST.name} on c.mp4: broken", f"{FAST.name} on 2 files: does not load"]


def test_every_reader_gets_a_column_and_every_file_a_row(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.json"
    __main__.main(
        ["decode", str(tmp_path), "--repeats=1", "--frames=4", "--markdown", f"--json={file}"]
    )
    printed = capsys.readouterr().out
    assert "| file | size, frames | ours | PyAV, in order |" in printed
    assert "| noise.mkv | 48x32, 30 |" in printed
    assert "| h264 mkv | 1 |" in printed
    content = json.loads(file.read_text())
    assert content["files"][0]["readers"][OURS]["frames"] == SAME
    assert content["files"][0]["readers"][OURS]["max_difference"] == 0


def test_the_table_is_shown_on_a_terminal(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    __main__.main(["decode", str(video), "--repeats=1", "--group=mine=*.mkv"])
    printed = capsys.readouterr().out
    assert "mine" in printed
    assert "date: " in printed


def test_other_libraries_that_return_other_frames_are_reported(video: Path) -> None:
    late = Reader("late", "late", lambda path, at, layout: read_frames(path, [i + 1 for i in at]))
    small = Reader("small", "small", lambda path, at, layout: torch.zeros(len(at), 3, 8, 8))
    broken = Reader("broken", "broken", lambda path, at, layout: torch.zeros(1)[5])
    found = decode.measure_file(
        video, readers=[*our_readers(), late, small, broken], frames=4, repeats=1, clock=lambda: 0.0
    )
    assert found.verdicts[OURS] == Verdict(SAME, 0)
    assert found.verdicts["late"].what == OTHER_FRAMES
    assert found.verdicts["late"].others == [0, 1, 2, 3]
    assert found.verdicts["small"].what == OTHER_SIZE
    assert "out of bounds" in found.failures["broken"]


def test_frames_with_other_colours_are_the_same_frames(video: Path) -> None:
    def bright(path: Path, at: list[int], layout: bytes) -> torch.Tensor:
        return read_frames(path, at).clamp(max=250) + 5

    found = decode.measure_file(
        video, readers=[Reader("bright", "bright", bright)], frames=4, repeats=1, clock=lambda: 0.0
    )
    assert found.verdicts["bright"] == Verdict(SAME, 5)


def test_missing_libraries_are_reported(
    video: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(readers, "installed_version", lambda package: None)
    __main__.main(["decode", str(video), "--repeats=1", "--markdown"])
    printed = capsys.readouterr().out
    for package in readers.OTHER_PACKAGES:
        assert f"{package}: not installed; pip install -r {readers.OTHER_LIBRARIES}" in printed


def test_other_libraries_that_do_not_load_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(package: str) -> None:
        raise RuntimeError("Could not load libtorchcodec\nmore")

    monkeypatch.setattr(readers, "installed_version", lambda package: "1")
    monkeypatch.setattr(readers, "import_module", refuse)
    found, absent = readers.find_other_readers()
    assert found == []
    assert "torchcodec: does not load (Could not load libtorchcodec)" in absent[0]


def test_a_library_without_ffmpeg_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = SimpleNamespace(ffmpeg_major_version=None)
    monkeypatch.setattr(readers, "installed_version", lambda package: "1")
    monkeypatch.setattr(readers, "import_module", {"torchcodec": alone, "decord": None}.get)
    found, absent = readers.find_other_readers()
    assert [reader.library for reader in found] == ["decord"]
    assert absent[0].startswith("torchcodec: finds no FFmpeg that it can use; see ")


def test_the_ffmpeg_of_another_library_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchcodec", SimpleNamespace(ffmpeg_major_version=8))
    monkeypatch.setattr(machine, "installed_version", lambda package: "0.17.0")
    assert machine.describe_machine("torchcodec")["torchcodec"] == "0.17.0 with FFmpeg 8"


def test_videos_are_transcoded_to_vp9_which_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = tmp_path / "gray.mp4"
    write_video(video, np.full((50, 32, 48, 3), 90, dtype=np.uint8), fps=24)
    __main__.main(["decode", "--vp9", str(video), "--repeats=1", "--frames=2", "--markdown"])
    printed = capsys.readouterr().out
    assert "| vp9 webm, transcoded | 1 |" in printed
    assert "| gray.webm | 360x240, 25 |" in printed
    assert "transcoded here" in printed


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["{folder}/nowhere.mp4"], "nowhere.mp4: no such file or folder"),
        (["{folder}"], "holds no video"),
        ([], "no video to measure"),
        (["{folder}", "--repeats=0"], "at least 1"),
        (["{folder}", "--color"], "unknown arguments --color"),
    ],
)
def test_mistakes_end_in_one_line(tmp_path: Path, arguments: list[str], named: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        __main__.main(["decode", *(text.format(folder=tmp_path) for text in arguments)])
    message = str(exit_.value)
    assert message.startswith("error: ")
    assert named in message
    assert "\n" not in message


def test_a_file_that_is_no_video_ends_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(SystemExit, match=r"text\.mp4: does not decode"):
        __main__.main(["decode", str(tmp_path)])
