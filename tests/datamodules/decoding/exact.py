"""Frames read singly, compared with decoding the whole file in order."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from torch import Tensor

from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.video_facts import VideoFacts
from datamodules.decoding.video_scan import scan_video


def whole(path: Path) -> Tensor:
    """Decode a whole file in order."""
    with av.open(str(path), metadata_errors="ignore") as container:
        stream: Any = container.streams.best("video")
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)


def assert_exact(path: Path, seed: int = 0) -> VideoFacts:
    """Compare single frames, pairs, spread frames, all frames and a random choice."""
    facts, frames = scan_video(path), whole(path)
    assert facts.frames == len(frames)
    last = facts.frames - 1
    rng = np.random.default_rng(seed)
    spread = np.linspace(0, last, 8, dtype=int).tolist()
    choices = [[0], [last], spread, rng.permutation(facts.frames)[:5].tolist(), [last, 0, last]]
    for wanted in choices:
        shown = read_frames(path, wanted, facts.seek_index)
        assert torch.equal(shown, frames[wanted]), (path, wanted)
    return facts
