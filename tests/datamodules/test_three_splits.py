"""Specification of UCF101 and HMDB51 in common: three official splits, no validation list."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datamodules import HMDB51, UCF101
from datamodules.three_splits import ThreeSplits
from tests.datamodules.layouts import frames_read, hmdb51, maker, ucf101


@pytest.mark.parametrize(("write", "data_set"), [(ucf101, UCF101), (hmdb51, HMDB51)])
def test_exactly_the_sampled_frames_are_read(
    write: Callable[[Path], dict[str, Any]], data_set: type[ThreeSplits], tmp_path: Path
) -> None:
    data = maker(data_set, tmp_path)(write(tmp_path))
    short = {1: [0, 0, 0, 0], 3: [0, 1, 1, 2], 4: [0, 1, 2, 3]}
    one_view = {length: [frames] for length, frames in short.items()}
    assert frames_read(data, "validate") == {**one_view, 21: [[2, 7, 13, 18]]}
    for stage in ("test", "predict"):
        tested = frames_read(data, stage)
        assert len(tested.pop(21)) == 30
        assert tested == {length: [frames] * 30 for length, frames in short.items()}
    trained = frames_read(data, "train")
    (long,) = trained.pop(21)
    assert trained == one_view
    assert all(k * 21 // 4 <= frame < (k + 1) * 21 // 4 for k, frame in enumerate(long))
