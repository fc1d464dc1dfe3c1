"""An unreadable video: train.py names it, prepare verify lists it, and it can be skipped."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datamodules.decoding.write_video import write_video
from datamodules.prepare.command_line import main as prepare
from tests.conftest import TINY_NETWORK
from tests.datamodules.odd_videos import damaged
from train import main


@pytest.fixture
def arguments(tmp_path: Path) -> Callable[..., list[str]]:
    """Write seven small videos of two classes and one broken file; return train.py's options."""
    lines = ["path,label,split"]
    for number in range(8):
        frames = np.full((10, 32, 40, 3), 20 * number, dtype=np.uint8)
        write_video(tmp_path / f"{number}.mp4", frames)
        lines.append(f"{number}.mp4,{number % 2},{('train', 'test')[number // 4]}")
    (tmp_path / "5.mp4").write_text("<html>404</html>")
    (tmp_path / "list.csv").write_text("\n".join(lines))

    def make(*more: str) -> list[str]:
        return [
            "--data=VideoList",
            *(f"--data.source={tmp_path / 'list.csv'}", f"--data.index_dir={tmp_path / 'index'}"),
            *more,
        ]

    return make


@pytest.fixture
def train(arguments: Callable[..., list[str]], tmp_path: Path) -> Callable[..., None]:
    """Return a function that runs a subcommand of train.py on those videos."""
    small = ["--data.num_segments=4", "--data.batch_size=2", "--data.num_workers=0"]
    small += ["--data.short_side=32", "--data.crop_size=32", f"--run_dir={tmp_path / 'run'}"]
    small += ["--trainer.max_epochs=1", "--trainer.accelerator=cpu", "--checkpoint.monitor=null"]

    def run(subcommand: str, *more: str) -> None:
        main([subcommand, *arguments(*small, *more), *TINY_NETWORK])

    return run


def test_an_unreadable_video_ends_a_test_with_one_line_that_names_it(
    train: Callable[..., None], tmp_path: Path
) -> None:
    train("fit")
    with pytest.raises(SystemExit) as caught:
        train("test", "--ckpt_path=last")
    message = str(caught.value)
    assert message.startswith("error: 1 of 4 videos cannot be used: ")
    assert str(tmp_path / "5.mp4") in message
    assert "\n" not in message


def test_a_verified_unreadable_video_is_skipped_and_counted(
    train: Callable[..., None],
    arguments: Callable[..., list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    train("fit")
    assert prepare(["verify", *arguments()]) == 1
    assert "5.mp4" in capsys.readouterr().out
    train("test", "--ckpt_path=last", "--data.skip_unreadable=true")
    result = json.loads((tmp_path / "run" / "metrics.json").read_text())["test"]
    assert (result["n_videos"], result["n_listed"], result["n_skipped"]) == (3, 4, 1)
    assert "3 of 4 videos (1 skipped as unreadable)" in caplog.text


def test_skipping_needs_a_verification(train: Callable[..., None]) -> None:
    with pytest.raises(SystemExit) as caught:
        train("fit", "--data.skip_unreadable=true")
    assert "prepare verify has reported, so run that first" in str(caught.value)


@pytest.fixture
def _damaged(arguments: Callable[..., list[str]], tmp_path: Path) -> None:
    """Damage a video for training and one for tests, so that their packets look sound."""
    for name in ("2.mp4", "5.mp4"):
        damaged(tmp_path / name)


@pytest.mark.usefixtures("_damaged")
@pytest.mark.parametrize("workers", [0, 2])
def test_a_video_that_does_not_decode_ends_a_run_that_has_looked_at_packets(
    workers: int, train: Callable[..., None], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as caught:
        train("fit", "--data.look=packets", f"--data.num_workers={workers}")
    message = str(caught.value)
    assert message.startswith(f"error: {tmp_path / '2.mp4'}: does not decode")
    assert "\n" not in message


@pytest.mark.usefixtures("_damaged")
def test_videos_that_do_not_decode_are_skipped_and_counted_when_they_are_read(
    train: Callable[..., None], tmp_path: Path
) -> None:
    skip = ("--data.look=packets", "--data.skip_unreadable=true", "--trainer.max_epochs=2")
    train("fit", *skip)
    train("test", "--ckpt_path=last", *skip)
    results = json.loads((tmp_path / "run" / "metrics.json").read_text())
    for split in ("train", "test"):
        result = results[split]
        assert (result["n_videos"], result["n_listed"], result["n_skipped"]) == (3, 4, 1)
    assert "differs" not in results["test"]
