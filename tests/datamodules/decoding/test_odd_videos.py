"""Reads odd but sound videos of all kinds, which a script beside the real data makes."""

import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest
import torch

from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.video_scan import scan_video
from datamodules.errors import VideoDecodeError

LONG = 5000
"""Frames; longer videos would fill the memory where they are decoded as a whole."""

REFUSED = {"audio_only.mp4", "head.ts", "opengop_cut.ts"}
"""No video stream; cut in the midst of a packet; does not decode in order either."""


@pytest.fixture(scope="module")
def odd_videos(tmp_path_factory: pytest.TempPathFactory, data_folder: Path) -> list[Path]:
    """Make the videos."""
    script = data_folder.parent / "faults" / "videos.sh"
    if not script.is_file():
        pytest.skip(f"{script} is absent")
    if which("ffmpeg") is None:
        pytest.skip("ffmpeg's command line is absent")
    folder = tmp_path_factory.mktemp("odd")
    subprocess.run(
        ["bash", str(script), str(folder)],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "PY": sys.executable},
        capture_output=True,
        check=False,  # encoders that are absent
    )
    return sorted(path for path in folder.iterdir() if path.suffix != ".jpg")


@pytest.mark.slow
def test_frames_of_odd_videos_are_those_of_decoding_in_order(odd_videos: list[Path]) -> None:
    assert len(odd_videos) > 100
    refused = set()
    for path in odd_videos:
        try:
            facts = scan_video(path)
        except VideoDecodeError:
            refused.add(path.name)
            continue
        last = facts.frames - 1
        wanted = sorted({0, 1 % facts.frames, last // 3, last // 2, last - last // 5, last})
        if facts.frames < LONG:
            in_order = read_frames(path, range(facts.frames))
            assert torch.equal(read_frames(path, range(facts.frames), facts.seek_index), in_order)
            assert torch.equal(read_frames(path, wanted, facts.seek_index), in_order[wanted]), path
        else:
            assert torch.equal(
                read_frames(path, wanted, facts.seek_index), read_frames(path, wanted)
            )
    assert refused <= REFUSED
