"""Specification of published checkpoints: their names are understood, their networks computed."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from models import TSM, TSN, TEINet, VideoNetwork, WeightsError
from tests.models.weights import published
from tests.models.weights.published import CLASSES, T
from tests.models.weights.states import State, build, differing, saved

pytestmark = pytest.mark.usefixtures("tiny_backbones")

BASIC = "tiny basic"


def written(network: nn.Module, folder: Path) -> str:
    """Save a network as its authors do: beside other values, in the format of old torch."""
    content = {"epoch": 50, "arch": "resnet", "best_prec1": torch.tensor(74.1)}
    path = folder / "ckpt.pth.tar"
    torch.save(
        {**content, "state_dict": network.state_dict()}, path, _use_new_zipfile_serialization=False
    )
    return str(path)


def started(
    network_class: Callable[..., VideoNetwork], path: str, backbone: str, **arguments: Any
) -> VideoNetwork:
    """Build a network that starts from a file."""
    arguments = {"num_classes": CLASSES, "num_segments": T} | arguments
    return network_class(backbone=backbone, weights=path, **arguments).eval()


SOURCES = {
    "TSN of TSM's authors": (lambda: published.authors_resnet(shift=False), TSN, BASIC),
    "TSM of its authors": (lambda: published.authors_resnet(shift=True), TSM, BASIC),
    "TSN of mmaction2": (lambda: published.mmaction2_resnet(shift=False), TSN, BASIC),
    "TSM of mmaction2": (lambda: published.mmaction2_resnet(shift=True), TSM, BASIC),
    "MobileNetV2 of TSM's authors": (published.authors_mobilenet, TSM, "mobilenet_v2"),
    "MobileNetV2 of mmaction2": (published.mmaction2_mobilenet, TSM, "mobilenet_v2"),
}


@pytest.mark.parametrize(("make", "network_class", "backbone"), SOURCES.values(), ids=SOURCES)
def test_a_published_network_computes_here_what_it_computes_there(
    make: Callable[[], nn.Module],
    network_class: type[VideoNetwork],
    backbone: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = published.randomised(make())
    network = started(network_class, written(source, tmp_path), backbone)
    clips = torch.randn(2, T, 3, 64, 64)
    with torch.no_grad():
        expected = source(clips.flatten(0, 1))
        assert torch.allclose(network(clips), expected, atol=1e-5 * float(expected.abs().max()))
    count = len(source.state_dict())
    assert f"{count} of {count} tensors loaded" in caplog.text
    assert caplog.text.strip().endswith("new: none; left over: none")


def test_fine_tuning_keeps_the_backbone_and_tells_of_both_heads(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = published.authors_resnet(shift=True)
    started(TEINet, written(source, tmp_path), BASIC, num_classes=3)
    (message,) = caplog.messages
    assert "(TSM's authors); new: temporal modules layer1.0.before_conv1.mem" in message
    assert "the head of 3 classes; left over: the head of 7 classes" in message


def test_a_shift_in_other_blocks_than_the_source_s_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(published.authors_resnet(shift=True, every=2), tmp_path)
    started(TSM, path, BASIC)
    started(TSM, path, BASIC, shift_every=2)
    first, second = caplog.messages
    assert first.endswith("; its network shifts frames in 4 blocks, this one in 5")
    assert second.endswith("left over: none")


def test_tanet_gives_its_resnet_and_leaves_its_temporal_modules_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source, resnet = published.authors_tanet()
    network = started(TSN, written(source, tmp_path), "tiny bottleneck")
    assert differing(network, resnet.state_dict()) == []
    assert "left over: module.base_model.layer1.0.tam.G.weight, " in caplog.text
    assert ", ... (5 tensors)" in caplog.text


def test_tanet_of_mmaction2_gives_its_resnet_as_well(
    resnet18: State, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = {mmaction2_name(key): value for key, value in resnet18.items()}
    state |= {"backbone.layer1.0.tam.G.0.weight": torch.ones(2)}
    network = build(TSN, saved({"state_dict": state}, tmp_path))
    assert differing(network, resnet18) == []
    assert "122 of 123 tensors loaded (TANet of mmaction2)" in caplog.text


def mmaction2_name(key: str) -> str:
    """Give mmaction2's name in a block that is wrapped as ``block``."""
    if key.startswith("fc."):
        return f"cls_head.fc_cls.{key.removeprefix('fc.')}"
    *outer, layer, kind = key.split(".")
    names = {"conv": f"{layer}.conv", "bn": f"conv{layer[-1]}.bn", "0": "conv", "1": "bn"}
    layer = names[layer.rstrip("12") or layer]
    inside = [*outer[:2], "block", *outer[2:]] if outer else []
    return ".".join(["backbone", *inside, layer, kind])


REFUSED = {
    "Res2Net": "module.base_model.layer1.0.convs.0.weight",
    "halves the number of frames": "module.base_model.layer2.net.0.conv1.net.weight",
    "shifts the shortcut": "module.base_model.layer1.0.net.conv1.weight",
}


@pytest.mark.parametrize(("said", "name"), REFUSED.items(), ids=REFUSED)
def test_a_network_that_none_here_can_compute_is_refused_by_its_kind(
    said: str, name: str, tmp_path: Path
) -> None:
    path = saved({"state_dict": {name: torch.ones(1)}}, tmp_path)
    with pytest.raises(WeightsError, match=said) as refusal:
        build(TSM, path)
    assert path in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_non_local_blocks_are_left_over_with_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = published.authors_resnet(shift=True).state_dict()
    state = {
        name.replace("layer2.0.", "layer2.0.block."): value for name, value in names.items()
    } | {"module.base_model.layer2.0.nl.g.weight": torch.ones(1)}
    started(TSM, saved({"state_dict": state}, tmp_path), BASIC)
    assert "left over: module.base_model.layer2.0.nl.g.weight (1 tensors)" in caplog.text


# Files


def test_timm_s_resnet_in_a_file_of_safetensors_loads(
    resnet18: State, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "model.safetensors"
    pytest.importorskip("safetensors.torch").save_file(resnet18, path)
    assert differing(build(TSN, str(path)), resnet18) == []
    assert "122 of 122 tensors loaded; new: none; left over: none" in caplog.text


def test_a_truncated_file_of_safetensors_is_refused_by_name(
    resnet18: State, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    pytest.importorskip("safetensors.torch").save_file(resnet18, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match=f"{path}: not a readable file of weights"):
        build(TSN, str(path))


def test_a_checkpoint_with_objects_of_its_project_is_refused_with_the_way_out(
    resnet18: State, tmp_path: Path
) -> None:
    path = saved({"state_dict": resnet18, "args": Namespace(lr=0.01)}, tmp_path)
    with pytest.raises(WeightsError, match=r"run code \(argparse\.Namespace\)") as refusal:
        build(TSN, path)
    assert "weights_only=False)['state_dict'], new_file)" in str(refusal.value)
