"""A recognizer from a checkpoint alone scores videos as the test of its training does."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from datamodules import DataError
from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.write_video import write_video
from experiments.inference import Recognizer, load_recognizer
from lightning_modules import RunError, VideoRecognizer
from lightning_modules.checkpoints.provenance import KEY
from models import TEINet
from tests.conftest import Run

FRAMES = 18
"""Of a video of MovingShapes."""


def test_its_scores_are_those_of_train_py(tiny_run: Run, run_dir: Path) -> None:
    tiny_run("predict", "--data.protocol=2x3", run_dir=run_dir)
    table = torch.load(run_dir / "predictions" / "test_2x3.pt", weights_only=True)
    recognizer = load_recognizer(run_dir / "checkpoints" / "best.ckpt", protocol="2x3")
    for path, expected in zip(table["paths"][:3], table["scores"], strict=False):
        torch.testing.assert_close(recognizer.logits(path), expected)
    assert list(recognizer.class_names) == table["class_names"]


def test_a_video_has_a_probability_for_each_class_best_first(
    recognizer: Recognizer, clip: Path
) -> None:
    scores = recognizer(clip)
    assert set(scores) == set(recognizer.class_names)
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert sum(scores.values()) == pytest.approx(1)
    assert recognizer(str(clip)) == scores


def test_decoded_frames_score_as_their_video(recognizer: Recognizer, clip: Path) -> None:
    frames = read_frames(clip, range(FRAMES))
    assert recognizer(frames) == pytest.approx(recognizer(clip))


def test_lists_folders_and_csvs_give_scores_by_path(
    recognizer: Recognizer, clip: Path, videos: Path, tmp_path: Path
) -> None:
    (tmp_path / "new.csv").write_text("path\nvideos/a.mp4\nvideos/deep/er/b.mp4\n")
    by_path = recognizer(videos)
    assert [Path(path).name for path in by_path] == ["a.mp4", "b.mp4"]
    assert list(by_path.values()) == [recognizer(clip)] * 2
    assert recognizer([videos / "a.mp4", videos / "deep"]) == by_path
    assert recognizer(path for path in (videos / "a.mp4", videos / "deep")) == by_path
    assert recognizer(tmp_path / "new.csv") == by_path


def test_a_folder_of_images_is_one_video(recognizer: Recognizer, tmp_path: Path) -> None:
    frames = np.full((1, 32, 32, 3), 90, dtype=np.uint8)
    for number in range(4):
        write_video(tmp_path / f"{number:02}.png", frames, codec="png", pixel_format="rgb24")
    assert set(recognizer(tmp_path)) == set(recognizer.class_names)


def test_features_are_of_each_frame_of_each_view_and_of_the_clip(
    trained_once: Path, clip: Path
) -> None:
    recognizer = load_recognizer(trained_once, protocol="2x1")
    assert recognizer.stages == ("res2", "res3", "res4", "res5")
    for stage, channels in zip(recognizer.stages, (64, 128, 256, 512), strict=True):
        features = recognizer.features(clip, stage)
        assert features.frames.shape == (2, 4, channels)
        torch.testing.assert_close(features.clip, features.frames.mean((0, 1)))
    last = recognizer.features(clip)
    torch.testing.assert_close(last.clip, recognizer.features(clip, "res5").clip)
    network = recognizer.module.network
    assert isinstance(network, TEINet)
    torch.testing.assert_close(network.classifier(last.clip), recognizer.logits(clip))


def test_its_module_takes_uint8_frames_and_knows_its_classes(recognizer: Recognizer) -> None:
    clips = torch.zeros(2, 4, 3, 32, 32, dtype=torch.uint8)
    assert recognizer.module(clips).shape == (2, len(recognizer.class_names))
    assert not recognizer.module.training


def test_lightning_s_own_method_loads_a_checkpoint(trained_once: Path, clip: Path) -> None:
    file = trained_once / "checkpoints" / "last.ckpt"
    loaded = VideoRecognizer.load_from_checkpoint(file).eval()
    views = load_recognizer(file).views(clip)
    with torch.inference_mode():
        torch.testing.assert_close(
            loaded.score_views(views[None])[0], load_recognizer(file).logits(clip)
        )
    given = VideoRecognizer.load_from_checkpoint(
        file, network=loaded.network, class_names=loaded.class_names
    )
    assert given.network is loaded.network


@pytest.mark.parametrize(
    "frames",
    [
        torch.zeros(4, 3, 8, 8),
        torch.zeros(4, 8, 8, 3, dtype=torch.uint8),
        torch.zeros(3, 8, 8, dtype=torch.uint8),
        torch.zeros(0, 3, 8, 8, dtype=torch.uint8),
    ],
)
def test_frames_of_another_type_or_shape_are_refused(
    recognizer: Recognizer, frames: torch.Tensor
) -> None:
    with pytest.raises(DataError, match=r"uint8 0-255 RGB of shape .*, not torch"):
        recognizer(frames)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((4, 8, 8, 3), dtype=np.uint8), "not ndarray; numpy frames become"),
        ([torch.zeros(4, 3, 8, 8, dtype=torch.uint8)], "several are paths, not Tensor"),
        ([b"clip.mp4"], "several are paths, not bytes"),
        ([], "no video is given"),
        (None, "not NoneType"),
        (3, "not int"),
    ],
)
def test_what_is_no_video_is_refused_with_what_is_one(
    given: object, message: str, recognizer: Recognizer
) -> None:
    with pytest.raises(DataError, match=message):
        recognizer(given)  # type: ignore[call-overload]


def test_a_stage_that_is_not_there_is_refused_with_those_that_are(
    recognizer: Recognizer, clip: Path
) -> None:
    with pytest.raises(RunError, match=r"stage res9: .* res2, res3, res4, res5"):
        recognizer.features(clip, "res9")


def test_a_stage_of_several_tensors_is_refused(
    recognizer: Recognizer, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pair(nn.Module):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return x, x

    pair = Pair()
    monkeypatch.setitem(recognizer._stage_ends, "pair", pair)
    handle = recognizer.module.network.register_forward_pre_hook(lambda _, x: pair(x[0]) and None)
    with pytest.raises(RunError, match="stage pair: gives more than one tensor"):
        recognizer.features(clip, "pair")
    handle.remove()


def test_a_missing_best_is_refused_with_both_files(run_dir: Path) -> None:
    best, last = (run_dir / "checkpoints" / f"{name}.ckpt" for name in ("best", "last"))
    best.unlink()
    with pytest.raises(RunError, match=f"{best}: no such checkpoint.*{last}"):
        load_recognizer(run_dir)


def test_what_is_no_checkpoint_of_a_run_is_refused_by_name(run_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.ckpt").write_text("hello")
    weights = nn.Linear(2, 2).state_dict()
    torch.save({"state_dict": weights, "global_step": 1}, tmp_path / "other.ckpt")
    told = {
        tmp_path / "none.ckpt": "no such checkpoint",
        tmp_path / "notes.ckpt": "not a checkpoint, or damaged",
        tmp_path / "other.ckpt": "another project has saved it",
        tmp_path: "has no folder checkpoints",
    }
    for place, message in told.items():
        with pytest.raises(RunError, match=f"^{place}: .*{message}"):
            load_recognizer(place)


@pytest.mark.parametrize("class_path", ["os.system", "nowhere.Network", "models.TEINet.forward"])
def test_a_class_that_is_no_network_is_refused(
    class_path: str, run_dir: Path, tmp_path: Path
) -> None:
    content = torch.load(run_dir / "checkpoints" / "last.ckpt", weights_only=True)
    content[KEY]["model"]["network"]["class_path"] = class_path
    torch.save(content, tmp_path / "odd.ckpt")
    with pytest.raises(RunError, match=f"the checkpoint's network {class_path} cannot be built"):
        load_recognizer(shutil.copy(tmp_path / "odd.ckpt", tmp_path / "copy.ckpt"))


def test_an_older_checkpoint_with_two_classes_of_one_name_is_refused(
    trained_once: Path, tmp_path: Path
) -> None:
    content = torch.load(trained_once / "checkpoints" / "last.ckpt", weights_only=True)
    names = content[KEY]["class_names"]
    names[2] = names[0]
    torch.save(content, tmp_path / "old.ckpt")
    with pytest.raises(RunError, match=f"old.ckpt: classes 0 and 2 have the same .* {names[0]!r}"):
        load_recognizer(tmp_path / "old.ckpt")


def test_a_network_that_train_py_has_not_built_must_be_given(
    trained_once: Path, tmp_path: Path
) -> None:
    content = torch.load(trained_once / "checkpoints" / "last.ckpt", weights_only=True)
    content[KEY]["model"] = {"network": "MyNetwork"}
    torch.save(content, tmp_path / "mine.ckpt")
    with pytest.raises(RunError, match=r"does not say how its network was built.*give the network"):
        load_recognizer(tmp_path / "mine.ckpt")


def test_a_device_that_is_not_there_is_one_line(trained_once: Path) -> None:
    with pytest.raises(RunError, match="device cuda:99: cannot be used here"):
        load_recognizer(trained_once, device="cuda:99")
