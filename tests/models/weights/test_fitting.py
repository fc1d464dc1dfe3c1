"""Specification of how weights are fitted: files of a state, heads, checkpoints, other networks."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from models import STM, TSM, TSN, TEINet, TSINet, VideoNetwork, WeightsError
from models.backbones.sites import is_temporal
from models.blocks.depthwise_temporal_conv import shift_kernel
from tests.models.weights.states import (
    CLASSES,
    DATA,
    REAL_FILE,
    State,
    build,
    differing,
    saved,
    torchvision_state,
)

every_network = pytest.mark.parametrize("network_class", [TSN, TSM, STM, TEINet, TSINet])

# A file of weights


@every_network
def test_a_torchvision_state_dict_loads_into_every_network_unchanged(
    network_class: type[VideoNetwork],
    resnet18: State,
    resnet18_file: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert differing(build(network_class, resnet18_file), resnet18) == []
    (message,) = caplog.messages
    assert message.startswith(f"{resnet18_file}: 122 of 122 tensors loaded; new: ")
    assert message.endswith("left over: none")


@pytest.mark.parametrize("network_class", [TEINet, TSINet])
def test_temporal_modules_that_the_file_lacks_keep_their_initial_values(
    network_class: type[VideoNetwork], resnet18_file: str
) -> None:
    torch.manual_seed(1)
    without = build(network_class).frame_network.state_dict()
    torch.manual_seed(1)
    with_weights = build(network_class, resnet18_file)
    temporal = {key: value for key, value in without.items() if is_temporal(key)}
    assert temporal
    assert differing(with_weights, temporal) == []


def test_missing_temporal_modules_are_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "tim.pth"
    torch.save(TEINet(4, backbone="resnet18", enhancement="none").state_dict(), file)
    TEINet(4, backbone="resnet18", weights=str(file))
    (message,) = caplog.messages
    assert "new: temporal modules layer1.0.before_conv1.mem.conv1.weight, " in message


def test_tim_is_still_the_shift_after_loading(resnet18_file: str) -> None:
    loaded = build(TEINet, resnet18_file).frame_network.state_dict()
    kernels = [value.flatten(1) for key, value in loaded.items() if ".tim." in key]
    assert len(kernels) == 8
    assert all(torch.equal(kernel, shift_kernel(len(kernel))) for kernel in kernels)


def test_half_precision_weights_are_cast(resnet18: State, tmp_path: Path) -> None:
    half = {
        key: value.half() if value.is_floating_point() else value for key, value in resnet18.items()
    }
    network = build(TSN, saved(half, tmp_path))
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    assert (
        differing(network, {key: value.to(resnet18[key].dtype) for key, value in half.items()})
        == []
    )


def test_a_file_without_normalisation_s_counters_loads(
    resnet18: State, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    uncounted = {k: v for k, v in resnet18.items() if not k.endswith("num_batches_tracked")}
    assert differing(build(TSN, saved(uncounted, tmp_path)), uncounted) == []
    assert "102 of 102 tensors loaded; new: BatchNorm's counters (20 tensors);" in caplog.text


# The head


def test_a_head_of_other_classes_is_replaced_by_a_new_one(
    resnet18: State, resnet18_file: str
) -> None:
    network = build(TSN, resnet18_file, num_classes=3)
    assert network.classifier.weight.shape == (3, 512)
    assert network.classifier.weight.std().item() == pytest.approx(0.001, rel=0.1)
    assert not network.classifier.bias.any()
    backbone = {key: value for key, value in resnet18.items() if not key.startswith("fc.")}
    assert differing(network, backbone) == []


def test_replacing_the_head_is_reported_with_both_class_counts(
    resnet18_file: str, caplog: pytest.LogCaptureFixture
) -> None:
    build(TSN, resnet18_file, num_classes=3)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        f"{resnet18_file}: 120 of 122 tensors loaded; new: the head of 3 classes; "
        f"left over: the head of {CLASSES} classes"
    )


def test_a_file_without_a_head_leaves_the_new_one(resnet18: State, tmp_path: Path) -> None:
    headless = {key: value for key, value in resnet18.items() if not key.startswith("fc.")}
    network = build(TSN, saved(headless, tmp_path))
    assert differing(network, headless) == []
    assert network.classifier.weight.std().item() == pytest.approx(0.001, rel=0.1)


# A training checkpoint


@pytest.mark.parametrize("network_class", [TEINet, TSINet])
def test_a_lightning_checkpoint_restores_the_network_bit_for_bit(
    network_class: type[VideoNetwork], tmp_path: Path
) -> None:
    trained = build(network_class)
    for parameter in trained.parameters():
        nn.init.normal_(parameter)
    checkpoint = {
        "epoch": 3,
        "hyper_parameters": {"lr": 0.01},
        "state_dict": {f"network.{key}": value for key, value in trained.state_dict().items()},
    }
    restored = build(network_class, saved(checkpoint, tmp_path))
    assert differing(restored, trained.frame_network.state_dict()) == []


def test_a_checkpoint_from_before_the_frame_network_was_a_part_fits(
    resnet18: State, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    former = {"state_dict": {f"network.{key}": value for key, value in resnet18.items()}}
    assert differing(build(TSN, saved(former, tmp_path)), resnet18) == []
    assert "122 of 122 tensors loaded; new: none; left over: none" in caplog.text


@pytest.mark.parametrize("prefix", ["module.", "backbone.", "model.", "module.encoder."])
@pytest.mark.parametrize("container", ["state_dict", "model", None])
def test_usual_prefixes_and_containers_are_removed_and_reported(
    prefix: str,
    container: str | None,
    resnet18: State,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    state: Any = {prefix + key: value for key, value in resnet18.items()}
    path = saved({container: state, "epoch": 3} if container else state, tmp_path)
    assert differing(build(TSN, path), resnet18) == []
    assert f"122 of 122 tensors loaded (the prefix {prefix} removed)" in caplog.text


def test_a_wrapped_network_of_this_project_fits(
    resnet18: State, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = {f"module.frame_network.{key}": value for key, value in resnet18.items()}
    path = saved(state, tmp_path)
    assert differing(build(TSN, path), resnet18) == []
    assert "122 of 122 tensors loaded (the prefix module. removed)" in caplog.text


def test_entries_without_the_prefix_are_reported(
    resnet18: State, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = {f"backbone.{key}": v for key, v in resnet18.items() if not key.startswith("fc.")}
    path = saved({"state_dict": {**state, "cls_head.weight": torch.ones(3)}}, tmp_path)
    build(TSN, path)
    assert "new: the head of 7 classes; left over: cls_head.weight (1 tensors)" in caplog.text


def test_other_entries_of_a_checkpoint_are_left_over(
    resnet18: State, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = {f"network.{key}": value for key, value in resnet18.items()}
    beside = {"loss.weight": torch.ones(3), "metric.total": torch.ones(1)}
    network = build(TSN, saved({"state_dict": state | beside}, tmp_path))
    assert differing(network, resnet18) == []
    assert "122 of 124 tensors loaded" in caplog.text
    assert "left over: loss.weight, metric.total (2 tensors)" in caplog.text


def test_a_checkpoint_of_more_frames_fits(tmp_path: Path) -> None:
    eight = build(TEINet, num_segments=8)
    checkpoint = {"state_dict": {f"network.{k}": v for k, v in eight.state_dict().items()}}
    sixteen = build(TEINet, saved(checkpoint, tmp_path), num_segments=16)
    assert differing(sixteen, eight.frame_network.state_dict()) == []


def test_a_teinet_checkpoint_is_refused_by_tsn_with_a_key(tmp_path: Path) -> None:
    state = {f"network.{key}": value for key, value in build(TEINet).state_dict().items()}
    path = saved({"state_dict": state}, tmp_path)
    with pytest.raises(WeightsError, match=r"layer1\.0\.before_conv1\.mem\.conv1") as refusal:
        build(TSN, path)
    assert path in str(refusal.value)


# Another network's weights


def test_another_backbone_s_weights_are_refused_with_a_key_and_both_shapes(
    resnet18_file: str,
) -> None:
    with pytest.raises(WeightsError) as refusal:
        build(TSN, resnet18_file, backbone="resnet50")
    message = str(refusal.value)
    for part in (resnet18_file, "layer1.0.conv1.weight", "(64, 64, 3, 3)", "(64, 64, 1, 1)"):
        assert part in message


def test_a_shallower_backbone_s_weights_are_refused_with_a_missing_key(resnet18_file: str) -> None:
    with pytest.raises(WeightsError, match=r"lacks layer1\.2\.conv1\.weight") as refusal:
        build(TSN, resnet18_file, backbone="resnet34")
    assert resnet18_file in str(refusal.value)


def test_a_deeper_backbone_s_weights_are_refused_with_a_key_too_many(tmp_path: Path) -> None:
    path = saved(torchvision_state("resnet34"), tmp_path)
    with pytest.raises(WeightsError, match=r"no place .*layer1\.2\.conv1\.weight") as refusal:
        build(TSN, path)
    assert path in str(refusal.value)


# TSINet's concatenation, whose last convolutions are twice as wide


@pytest.mark.parametrize(
    ("backbone", "last"), [("resnet18", "conv2.weight"), ("resnet50", "conv3.weight")]
)
def test_weights_before_a_concatenation_are_repeated_and_halved(
    backbone: str, last: str, tmp_path: Path
) -> None:
    source = torchvision_state(backbone)
    network = build(TSINet, saved(source, tmp_path), backbone=backbone, fusion="concatenation")
    expected = {
        key: torch.cat([value, value], dim=1) / 2 if key.endswith(last) else value
        for key, value in source.items()
    }
    assert differing(network, expected) == []


def test_only_the_convolutions_after_a_concatenation_are_repeated(
    resnet18: State, resnet18_file: str
) -> None:
    network = build(TSINet, resnet18_file, fusion="concatenation", stages="res3")
    elsewhere = {key: value for key, value in resnet18.items() if not key.startswith("layer2")}
    assert differing(network, elsewhere) == []


def test_a_concatenation_s_own_checkpoint_is_not_repeated_again(tmp_path: Path) -> None:
    trained = build(TSINet, fusion="concatenation")
    restored = build(TSINet, saved(trained.state_dict(), tmp_path), fusion="concatenation")
    assert differing(restored, trained.frame_network.state_dict()) == []


# ImageNet weights, where they are at hand


@pytest.mark.skipif(
    not REAL_FILE.is_file(), reason=f"no {REAL_FILE}; TEMPORAL_DATA names the folder"
)
@pytest.mark.parametrize("network_class", [TSN, TEINet, TSINet])
def test_real_imagenet_weights_load(network_class: type[VideoNetwork]) -> None:
    network = build(network_class, str(REAL_FILE), num_classes=1000, backbone="resnet50")
    source = torch.load(REAL_FILE, weights_only=True)
    assert differing(network, {key: value.float() for key, value in source.items()}) == []


MOBILENET = DATA / "mobilenet_v2_imagenet.pth"


@pytest.mark.skipif(
    not MOBILENET.is_file(), reason=f"no {MOBILENET}; TEMPORAL_DATA names the folder"
)
@pytest.mark.parametrize("network_class", [TSM, TEINet, TSINet])
def test_real_mobilenet_weights_load(network_class: type[VideoNetwork]) -> None:
    network = build(network_class, str(MOBILENET), num_classes=1000, backbone="mobilenet_v2")
    source = torch.load(MOBILENET, weights_only=True)
    assert differing(network, {key: value.float() for key, value in source.items()}) == []
