"""What a checkpoint was trained on, and which other data it refuses."""

import copy
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch

from lightning_modules import RunError, VideoRecognizer
from lightning_modules.checkpoints.provenance import KEY, names_of_classes, refuse_other_data
from lightning_modules.checkpoints.versions import PACKAGES, versions
from tests.lightning_modules.conftest import CLASSES, Fit, TinyClips

Make = Callable[..., VideoRecognizer]
HERE: dict[str, Any] = {
    "class_names": ["fall", "jump", "kick"],
    "data": {"identity": {"data set": "UCF101", "official split": "1"}, "protocol": "1x1"},
    "input": {"num_segments": 8, "sampling": "segment", "crop_size": 224, "mean": [0.5]},
}


def there(**changes: Any) -> dict[str, Any]:
    """Make a checkpoint's provenance with a few changed values."""
    other = copy.deepcopy(HERE)
    for key, value in changes.items():
        if key in other["input"]:
            other["input"][key] = value
        elif key == "class_names":
            other[key] = value
        else:
            other["data"]["identity"][key.replace("_", " ")] = value
    return other


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (there(class_names=["fall", "kick", "jump"]), "class 1 is 'kick' in the checkpoint and"),
        (
            there(class_names=["fall", "jump"]),
            r"class 2 is not there in the checkpoint and 'kick' here \(2 classes there, 3 here\)",
        ),
        (
            there(class_names=["fall", "jump", "kick", "run"]),
            r"class 3 is 'run' in the checkpoint and not there here \(4 classes there, 3 here\)",
        ),
        (there(data_set="HMDB51"), "data set is HMDB51 in the checkpoint and UCF101 here"),
        (there(official_split="2"), "official split is 2 in the checkpoint and 1 here"),
        (there(num_segments=16), "num_segments is 16 in the checkpoint and 8 here"),
        (there(sampling="dense"), "sampling is dense in the checkpoint and segment here"),
        (there(mean=[0.4]), "mean is"),
    ],
)
def test_other_data_are_refused_by_their_first_difference(
    other: dict[str, Any], named: str
) -> None:
    with pytest.raises(RunError, match=named) as error:
        refuse_other_data(other, HERE, allow=False)
    assert "--allow_other_data" in str(error.value)
    with pytest.warns(UserWarning, match=named):
        refuse_other_data(other, HERE, allow=True)


def test_another_frame_size_gives_a_warning_with_its_name() -> None:
    with pytest.warns(UserWarning, match="crop_size is 256 in the checkpoint and 224 here"):
        refuse_other_data(there(crop_size=256), HERE, allow=False)


def test_the_same_data_give_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    other = there()
    other["data"]["protocol"] = "10x3"
    refuse_other_data(other, HERE, allow=False)
    assert not recwarn.list


def test_a_checkpoint_without_provenance_gives_a_warning() -> None:
    with pytest.warns(UserWarning, match="does not say what it was trained on"):
        refuse_other_data(None, HERE, allow=False)


WITHOUT_LABELS: dict[str, Any] = {
    **HERE,
    "class_names": ["0", "1", "2"],
    "data": {"identity": {}, "labelled": False},
}


def test_data_without_labels_use_the_class_names_of_the_checkpoint_if_it_has_any(
    recwarn: pytest.WarningsRecorder,
) -> None:
    refuse_other_data(there(), WITHOUT_LABELS, allow=False)
    assert not recwarn.list
    assert names_of_classes(there(), WITHOUT_LABELS) == ["fall", "jump", "kick"]
    assert names_of_classes(None, WITHOUT_LABELS) == ["0", "1", "2"]
    assert names_of_classes(there(class_names=["run"]), HERE) == HERE["class_names"]


def test_data_without_labels_need_the_checkpoint_s_number_of_classes() -> None:
    with pytest.raises(RunError, match=r"2 classes, and data\.num_classes is 3; .*num_classes 2$"):
        names_of_classes(there(class_names=["fall", "jump"]), WITHOUT_LABELS)


class Described(TinyClips):
    """Tiny clips with a description."""

    def describe(self) -> dict[str, Any]:
        return {"identity": {"data set": "TinyClips"}, "input": {"num_segments": 2}}


def test_a_checkpoint_holds_classes_data_input_recipe_and_versions(
    fit: Fit, recognizer: Make, tmp_path: Path
) -> None:
    trainer = fit(recognizer(), data=Described())
    trainer.save_checkpoint(tmp_path / "all.ckpt")
    trainer.save_checkpoint(tmp_path / "weights.ckpt", weights_only=True)
    for name in ("all.ckpt", "weights.ckpt"):
        said = torch.load(tmp_path / name, weights_only=True)[KEY]
        assert said["class_names"] == list(CLASSES)
        assert said["data"] == {"identity": {"data set": "TinyClips"}}
        assert said["input"]["num_segments"] == 2
        assert said["input"]["mean"] == [0.485, 0.456, 0.406]
        assert said["model"] == {"network": "TinyNetwork"}
        assert said["recipe"] == {"max_epochs": 1, "total_batch_size": 2, "lr": 0.01}
        assert said["versions"].keys() == {*PACKAGES, "commit"}


def test_a_checkpoint_of_other_data_is_refused_without_the_command_line_too(
    fit: Fit, recognizer: Make, tmp_path: Path
) -> None:
    fit(recognizer(), data=Described()).save_checkpoint(tmp_path / "one.ckpt")

    class Others(Described):
        def describe(self) -> dict[str, Any]:
            return {"identity": {"data set": "Others"}}

    with pytest.raises(RunError, match="data set is TinyClips in the checkpoint and Others here"):
        fit(recognizer(), data=Others(), max_epochs=2, ckpt_path=tmp_path / "one.ckpt")


def test_versions_and_commit_are_known_or_unknown() -> None:
    assert versions()["torch"] == version("torch")
    assert re.fullmatch("unknown|[0-9a-f]{40}(-dirty)?", versions()["commit"])
