"""A fault ends a run with an error that names it, and an exit status that is not 0."""

import os
import signal
import subprocess
import sys
import threading
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from pytorch_lightning import Trainer
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from datamodules import MovingShapes, VideoDecodeError
from datamodules.decoding.video import Video
from datamodules.decoding.write_video import write_video
from lightning_modules import VideoRecognizer
from models import TSN, TEINet
from tests.conftest import REPOSITORY, Run
from tests.datamodules.decoding.test_read_frames import write_damaged
from tests.experiments.cli.test_command_line import stopped_with
from tests.experiments.small_lists import list_arguments, write_list
from train import main

TIME_LIMIT = 3.0
"""Seconds that a loader worker may take."""


def empty(path: Path) -> None:
    path.write_bytes(b"")


def web_page(path: Path) -> None:
    path.write_text("<!DOCTYPE html><title>404 Not Found</title>\n")


def without_index(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: content.find(b"moov") - 4])


def sound_alone(path: Path) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16_000))


def without_frames(path: Path) -> None:
    with av.open(str(path), "w", format="avi") as container:
        container.add_stream("mpeg4", rate=25, width=24, height=16, pix_fmt="yuv420p")
        container.start_encoding()


def cut_avi(path: Path) -> None:
    draft = path.with_name("whole.avi")
    frames = np.random.default_rng(0).integers(256, size=(30, 32, 32, 3), dtype=np.uint8)
    write_video(draft, frames, codec="ffv1", pixel_format="bgr0")
    path.write_bytes(draft.read_bytes()[: draft.stat().st_size * 6 // 10])


DAMAGES: tuple[Callable[[Path], None], ...] = (
    Path.unlink,
    *(empty, web_page, without_index, sound_alone, without_frames, cut_avi, write_damaged),
)


@pytest.mark.parametrize("subcommand", ["fit", "test"])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_bad_file_ends_a_run_before_the_first_step_and_is_named(
    damage: Callable[[Path], None], subcommand: str, run_dir: Path, tmp_path: Path
) -> None:
    source = write_list(tmp_path, {"kick": 0, "hug": 1}, videos=2)
    bad = tmp_path / ("hug1.mp4" if subcommand == "fit" else "hug0.mp4")  # of training, of test
    damage(bad)
    other = {"fit": tmp_path / "other", "test": run_dir}[subcommand]
    with pytest.raises(SystemExit) as error:
        main([subcommand, *list_arguments(source, other)])
    message = stopped_with(error)
    assert f"{bad}: " in message
    assert not (tmp_path / "other" / "checkpoints").exists()


@pytest.mark.slow
def test_a_bad_file_is_one_line_and_status_1_of_the_process(tmp_path: Path) -> None:
    source = write_list(tmp_path, {"kick": 0, "hug": 1}, videos=2)
    empty(tmp_path / "hug1.mp4")
    finished = subprocess.run(
        [sys.executable, "train.py", "fit", *list_arguments(source, tmp_path / "run")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert finished.returncode == 1
    last_line = finished.stderr.splitlines()[-1]
    assert last_line.startswith("error: ")
    assert f"{tmp_path / 'hug1.mp4'}: does not decode" in last_line
    assert "Traceback" not in finished.stderr


def hang(video: Video, indices: object) -> None:
    """Wait forever."""
    threading.Event().wait()


def die(video: Video, indices: object) -> None:
    """Die as a process that the kernel kills for its memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def fail(video: Video, indices: object) -> None:
    """Fail to decode."""
    raise VideoDecodeError(f"{video.path}: does not decode")


@pytest.mark.slow
@pytest.mark.parametrize("subcommand", ["fit", "test"])
@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (hang, "a loader worker gave no batch within 3 s; files being read: "),
        (die, "a loader worker died; files being read: "),
        (fail, "mp4: does not decode"),
    ],
)
def test_a_failing_worker_ends_the_run_with_its_cause(
    failure: Callable[..., None],
    cause: str,
    subcommand: str,
    run_dir: Path,
    tiny_run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Video, "read", failure)  # workers are forked with it
    workers = ("--data.num_workers=1", f"--data.worker_timeout={TIME_LIMIT}")
    with pytest.raises(SystemExit) as error:
        tiny_run(
            subcommand, "--ckpt_path=last", "--trainer.max_epochs=2", *workers, run_dir=run_dir
        )
    message = stopped_with(error)
    assert cause in message
    assert ".mp4" in message


def test_a_nan_loss_names_step_epoch_and_files(
    run_dir: Path, tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = run_dir / "checkpoints" / "last.ckpt"
    before = torch.load(last, weights_only=True)
    whole, calls = TEINet.forward, iter(range(100))

    def breaks(network: TEINet, clips: torch.Tensor) -> torch.Tensor:
        return whole(network, clips) * (float("nan") if next(calls) == 2 else 1)

    monkeypatch.setattr(TEINet, "forward", breaks)
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", "--ckpt_path=last", "--trainer.max_epochs=2")
    message = stopped_with(error)
    assert message.startswith("error: step 6, epoch 1: the loss is nan on the batch ")
    assert message.count(".mp4") == 4
    after = torch.load(last, weights_only=True)  # saved again when the resumed fit started
    assert after["global_step"] == before["global_step"] == 4
    weights = after["state_dict"]
    assert all(torch.equal(weights[key], value) for key, value in before["state_dict"].items())


def test_a_learning_rate_that_diverges_ends_the_run(tiny_run: Run) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", "--model.optimizer.lr=1e30")
    assert "step 1, epoch 0: the loss is " in stopped_with(error)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--data.batch_sise=3",), "batch_sise"),
        (("--trainer.max_epoch=3",), "max_epoch"),
        (("--model.network=subprocess.Popen",), "subprocess.Popen"),
        (("--model.optimizer=builtins.eval",), "builtins.eval"),
        (("--model.schedule=os.system",), "os.system"),
    ],
)
def test_a_wrong_argument_is_named_before_anything_is_written(
    arguments: tuple[str, ...],
    named: str,
    tiny_run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    nowhere = tmp_path / "shapes"
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", f"--data.root={nowhere}", *arguments)
    assert error.value.code == 2
    assert named in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def curves(run_dir: Path) -> dict[str, list[tuple[int, float]]]:
    """Read all curves except those of measured times."""
    events = EventAccumulator(str(run_dir))
    events.Reload()
    tags = [tag for tag in events.Tags()["scalars"] if not tag.startswith("throughput/")]
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in tags}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_curves_to_the_bit(tiny_run: Run, tmp_path: Path) -> None:
    two = ("--trainer.max_epochs=2", "--seed_everything=5")
    runs = [
        tiny_run("fit", *two, f"--data.num_workers={workers}", run_dir=tmp_path / f"{number}")
        for number, workers in enumerate((0, 0, 2))
    ]
    other = tiny_run("fit", "--trainer.max_epochs=2", run_dir=tmp_path / "other")
    first = curves(runs[0])
    assert len(first["train/loss_step"]) == 8
    assert curves(runs[1]) == first
    assert curves(runs[2]) == first  # workers make no difference
    assert curves(other) != first


def test_a_network_gets_num_segments_from_its_data(tiny_run: Run) -> None:
    run_dir = tiny_run("fit", "--model.network.num_segments=8")
    said = torch.load(run_dir / "checkpoints" / "last.ckpt", weights_only=True)["provenance"]
    assert said["model"]["network"]["init_args"]["num_segments"] == 4


def test_a_network_with_another_num_segments_raises(shapes_root: Path) -> None:
    sizes: dict[str, Any] = {f"{split}_videos": 8 for split in ("train", "val", "test")}
    data = MovingShapes(
        **sizes, root=str(shapes_root), video_size=32, short_side=32, crop_size=32, num_segments=4
    )
    network = TSN(8, num_segments=8, backbone="resnet18")
    trainer = Trainer(max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False)
    with pytest.raises(ValueError, match=r"clips of shape \(8, 4, 3, 32, 32\) do not fit"):
        trainer.fit(VideoRecognizer(network, data.class_names), datamodule=data)
