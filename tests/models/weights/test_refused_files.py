"""Specification of what is no file of weights: each is refused by name, none runs code."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from models import TSN, ModelError, WeightsError
from models.weights import read_source
from tests.models.weights.states import build, saved


def make_nothing(path: Path) -> None:
    """Leave the path without a file."""


def make_text(path: Path) -> None:
    """Write a text."""
    path.write_text("not weights")


def make_empty(path: Path) -> None:
    """Write an empty file."""
    path.touch()


def make_directory(path: Path) -> None:
    """Make a folder."""
    path.mkdir()


def make_truncated(path: Path) -> None:
    """Write half of a file of weights."""
    torch.save({"conv1.weight": torch.randn(64, 3, 7, 7)}, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


class Stranger:
    """An object that makes a folder where it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def make_object(path: Path) -> None:
    """Pickle an object that is no tensor."""
    torch.save(Stranger(path.with_name("trace")), path)


def make_tensor(path: Path) -> None:
    """Save a single tensor."""
    torch.save(torch.ones(3), path)


def make_list(path: Path) -> None:
    """Save tensors without names."""
    torch.save([torch.ones(3)], path)


def make_numbers(path: Path) -> None:
    """Save names without tensors."""
    torch.save({"conv1.weight": 3.0}, path)


def make_empty_mapping(path: Path) -> None:
    """Save a mapping of nothing."""
    torch.save({}, path)


def make_checkpoint_without_network(path: Path) -> None:
    """Save a checkpoint of something else."""
    torch.save({"state_dict": {"other.weight": torch.ones(3)}}, path)


@pytest.mark.parametrize(
    "make",
    [
        make_nothing,
        make_text,
        make_empty,
        make_directory,
        make_truncated,
        make_object,
        make_tensor,
        make_list,
        make_numbers,
        make_empty_mapping,
        make_checkpoint_without_network,
    ],
)
def test_files_without_weights_are_refused_by_name(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "weights.pth"
    make(path)
    with pytest.raises(WeightsError) as refusal, torch.device("meta"):
        build(TSN, str(path))
    assert str(path) in str(refusal.value)


def test_a_bit_that_flipped_among_the_weights_is_found(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"layer": torch.full((64,), 0.5)}, path)
    content = path.read_bytes()
    place = content.find(torch.full((64,), 0.5).numpy().tobytes()) + 100
    path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
    assert not torch.equal(torch.load(path)["layer"], torch.full((64,), 0.5))  # torch says nothing
    with pytest.raises(WeightsError, match="BadZipFile"):
        read_source(str(path), "resnet18", "fc")


@pytest.mark.parametrize(
    "content",
    [
        {"state_dict": [torch.ones(2)]},
        {"state_dict": torch.ones(2)},
        {0: torch.ones(2)},
        {"layer1.0.conv2.weight": torch.ones(3)},
        {"fc.weight": torch.tensor(1.0)},
    ],
    ids=["list", "tensor", "numbered", "flat convolution", "scalar head"],
)
def test_files_that_only_look_like_a_state_dict_are_refused_by_name(
    content: dict[Any, Any], tmp_path: Path
) -> None:
    path = saved(content, tmp_path)
    with pytest.raises(WeightsError) as refusal, torch.device("meta"):
        build(TSN, path)
    assert path in str(refusal.value)


def test_a_foreign_pickle_is_never_run(tmp_path: Path) -> None:
    make_object(tmp_path / "weights.pth")
    with pytest.raises(WeightsError):
        read_source(str(tmp_path / "weights.pth"), "resnet18", "fc")
    assert not (tmp_path / "trace").exists()


def test_a_missing_file_s_message_lists_the_known_names(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="IMAGENET1K_V1, IMAGENET1K_V2"):
        read_source(str(tmp_path / "none.pth"), "resnet50", "fc")


def test_a_refusal_of_weights_is_a_model_error_and_a_value_error() -> None:
    assert issubclass(WeightsError, ModelError)
    assert issubclass(WeightsError, ValueError)
