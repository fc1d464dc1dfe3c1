"""Specification of the guides in `docs/`: their code runs as it is written there."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.conftest import REPOSITORY
from tests.docs.guide import code, commands, forget, train, write_module
from tests.experiments.small_lists import write_short
from tests.models.weights import published

SHORT = (
    *("--config=small.yaml", "--trainer.max_epochs=1", "--trainer.accelerator=cpu"),
    *("--trainer.enable_model_summary=false", "--trainer.enable_progress_bar=false"),
)
SMALL = """
data:
  init_args: {short_side: 32, crop_size: 32, num_segments: 4, batch_size: 2, num_workers: 0}
model:
  network:
    init_args: {backbone: resnet18, weights: null}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with the shipped experiments and a few short videos."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    os.symlink(REPOSITORY / "experiments", tmp_path / "experiments")
    (tmp_path / "small.yaml").write_text(SMALL)
    yield tmp_path
    forget("my_module", "my_data")


def write_gestures(folder: Path) -> None:
    """Write the data set that the guide is about."""
    (folder / "gestures" / "videos").mkdir(parents=True)
    for split, count in (("train", 8), ("val", 2), ("test", 2)):
        rows = []
        for number in range(count):
            name = f"{split}{number}.mp4"
            write_short(folder / "gestures" / "videos" / name)
            gesture = ("wave", "point")[number % 2]
            rows.append({"file": name, "gesture": gesture, "person": f"p{number // 2}"})
        (folder / "gestures" / f"{split}.json").write_text(json.dumps(rows))


def test_your_own_module(folder: Path) -> None:
    write_gestures(folder)
    convert, _ = code("your_own_data.md", "python")
    exec(convert, {})
    module, check = code("your_own_module.md", "python")
    write_module(module, folder)
    exec(check, {})
    fit, help_command = commands("your_own_module.md")
    train(fit, *SHORT, "--data.source=gestures/list.csv")
    checkpoint = torch.load("runs/clip_mean/checkpoints/last.ckpt", weights_only=True)
    scales = [name for name in checkpoint["state_dict"] if name.endswith("before_conv1.scale")]
    assert len(scales) == 4  # two blocks in each of res4 and res5
    with pytest.raises(SystemExit) as ended:
        train(help_command)
    assert ended.value.code == 0


def test_your_own_data(folder: Path) -> None:
    write_gestures(folder)
    convert, module = code("your_own_data.md", "python")
    exec(convert, {})
    write_module(module, folder)
    from_csv, fit, test = commands("your_own_data.md")
    train(from_csv, *SHORT, "--trainer.fast_dev_run=true")
    train(fit, *SHORT)
    train(test, "--trainer.accelerator=cpu")
    results = json.loads(Path("runs/gestures/metrics.json").read_text())
    assert results["test_10x3"]["n_videos"] == 2


def test_starting_points(folder: Path, shapes_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    network = published.authors_resnet(shift=True, layers=(2, 2, 2, 2))
    state = network.state_dict()
    torch.save({"state_dict": state, "best_prec1": 74.1}, "tsm.pth")
    keep, evaluate = code("starting_points.md", "python")
    exec(keep, {})
    data = f"MovingShapes(root={str(shapes_root)!r}, test_videos=2, video_size=32, short_side=32,"
    data += "crop_size=32, num_segments=4, num_workers=0, train_videos=16, val_videos=8,"
    evaluate = evaluate.replace('Kinetics400("k400", ', data).replace("Kinetics400", "MovingShapes")
    evaluate = evaluate.replace("TSM(400,", 'TSM(8, num_segments=4, backbone="resnet18",')
    exec(evaluate, {})
    assert "new: the head of 8 classes; left over: the head of 7 classes" in caplog.text
    (fit,) = commands("starting_points.md")
    assert fit[3] == "--config"
    assert (folder / fit[4]).is_file()


@pytest.mark.parametrize(
    "page", ["export.md", "starting_points.md", "your_own_module.md", "your_own_data.md"]
)
def test_a_guide_has_fewer_than_100_lines(page: str) -> None:
    assert len((REPOSITORY / "docs" / page).read_text().splitlines()) < 100
