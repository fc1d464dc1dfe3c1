"""Genuine clips, and files that broke decoders: exact frames, or one error that names the file."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.video_scan import scan_video
from tests.conftest import REPOSITORY
from tests.datamodules.decoding.exact import assert_exact, whole


def real_clips(folder: Path) -> list[Path]:
    """List the genuine clips: UCF101, HMDB51, Kinetics, and other encodings."""
    endings = {".avi", ".mp4", ".mkv", ".webm"}
    return [
        path
        for path in sorted((folder / "clips").rglob("*"))
        if path.suffix in endings and path.parent.name != "decoder_regression"
    ]


@pytest.mark.slow
def test_frames_of_all_real_clips_are_those_of_decoding_in_order(data_folder: Path) -> None:
    clips = real_clips(data_folder)
    assert len(clips) >= 24
    for path in clips:
        assert_exact(path)


def test_any_choice_of_frames_is_exact_in_real_packed_files(data_folder: Path) -> None:
    rng = np.random.default_rng(0)
    for path in sorted((data_folder / "ut_interaction").rglob("*.avi"))[::12]:
        facts, frames = scan_video(path), whole(path)
        for _ in range(10):
            wanted = rng.choice(facts.frames, 8, replace=False).tolist()
            assert torch.equal(read_frames(path, wanted, facts.seek_index), frames[wanted]), path


READ_ONE = """
import sys
from pathlib import Path
import torch
from datamodules.decoding.build_index import MAX_ENTRIES
from datamodules.decoding.read_frames import decode_runs, read_frames
from datamodules.errors import VideoDecodeError
from datamodules.decoding.video_scan import scan_video
from datamodules.decoding.video_stream import open_video
for name in sys.argv[1:]:
    path = Path(name)
    try:
        facts = scan_video(path)
        wanted = sorted({0, facts.frames // 2, facts.frames - 1})
        shown = read_frames(path, wanted, facts.seek_index)
        assert torch.equal(shown, read_frames(path, wanted)), name
        print("frames", path.name)
    except VideoDecodeError as error:
        assert str(error).startswith(f"{path}: "), error
        print("error", path.name)
"""


@pytest.mark.slow
def test_files_that_broke_decoders_give_frames_or_one_error_that_names_them(
    data_folder: Path,
) -> None:
    files = sorted((data_folder / "clips" / "decoder_regression").iterdir())
    assert len(files) >= 60
    # A process of its own: a crash or a hang of the decoder must fail this test alone.
    command = [sys.executable, "-c", READ_ONE, *map(str, files)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
    outcomes = {name: outcome for outcome, name in lines}
    assert len(outcomes) == len(files)
    assert outcomes["red-48x46.mp4"] == outcomes["seek-short.ogv"] == "frames"
    assert outcomes["bogus.ogv"] == outcomes["crashtests__empty-samples.webm"] == "error"
