"""Partial BN, and SyncBatchNorm."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torchvision.models import convnext

from lightning_modules import RunError, VideoRecognizer
from lightning_modules.batch_norm import describe_batch_norm
from models import TEINet
from tests.lightning_modules.conftest import Fit

Make = Callable[..., VideoRecognizer]


def batch_norms(recognizer: VideoRecognizer) -> list[nn.BatchNorm2d]:
    return [layer for layer in recognizer.modules() if isinstance(layer, nn.BatchNorm2d)]


def test_all_layers_learn_by_default(recognizer: Make) -> None:
    plain = recognizer()
    assert [layer.training for layer in batch_norms(plain)] == [True, True]
    assert describe_batch_norm(plain.network) == "BatchNorm: 2 of 2 layers learn"


def test_partial_bn_lets_only_the_first_layer_learn(recognizer: Make) -> None:
    first, second = batch_norms(recognizer(partial_bn=True))
    assert first.training
    assert all(parameter.requires_grad for parameter in first.parameters())
    assert not second.training
    assert not any(parameter.requires_grad for parameter in second.parameters())


def test_the_description_says_that_layers_are_frozen(recognizer: Make) -> None:
    text = describe_batch_norm(recognizer(partial_bn=True).network)
    assert text.startswith("BatchNorm: 1 of 2 layers learn, the others keep")


def test_partial_bn_survives_a_change_of_mode(recognizer: Make) -> None:
    partial = recognizer(partial_bn=True)
    partial.eval()
    assert not any(module.training for module in partial.modules())
    partial.train()
    assert [layer.training for layer in batch_norms(partial)] == [True, False]
    assert partial.network.get_submodule("fc").training


def test_frozen_layers_do_not_change_in_a_fit_with_validations(fit: Fit, recognizer: Make) -> None:
    partial = recognizer(partial_bn=True)
    first, second = batch_norms(partial)
    before = [{k: v.clone() for k, v in layer.state_dict().items()} for layer in (first, second)]
    fit(partial, max_epochs=3)
    assert all(torch.equal(value, before[1][key]) for key, value in second.state_dict().items())
    assert not any(torch.equal(v, before[0][k]) for k, v in first.state_dict().items())


def test_a_network_with_one_batch_norm_layer_is_refused(recognizer: Make) -> None:
    with pytest.raises(RunError, match=r"partial_bn: Sequential .*partial_bn=false"):
        recognizer(network=nn.Sequential(nn.BatchNorm2d(3)), partial_bn=True)


def test_a_network_without_batch_norm_such_as_convnext_is_refused(recognizer: Make) -> None:
    network = convnext.ConvNeXt([convnext.CNBlockConfig(8, None, 2)], num_classes=3)
    assert describe_batch_norm(network) == "BatchNorm: 0 of 0 layers learn"
    named = r"partial_bn: ConvNeXt has no second BatchNorm layer .*\(0 in all\).*partial_bn=false"
    with pytest.raises(RunError, match=named):
        recognizer(network=network, partial_bn=True)


def test_sync_batchnorm_does_not_change_a_channels_last_teinet() -> None:
    network = TEINet(3, backbone="resnet18", num_segments=2).to(memory_format=torch.channels_last)
    plain = VideoRecognizer(network, ("a", "b", "c")).eval()
    clips = torch.randint(256, (2, 2, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        expected, keys = plain(clips), list(plain.state_dict())
        shared = nn.SyncBatchNorm.convert_sync_batchnorm(plain)
        assert describe_batch_norm(shared.network).endswith("of all processes together")
        assert list(shared.state_dict()) == keys
        assert torch.equal(shared.eval()(clips), expected)


def test_partial_bn_works_with_sync_batchnorm(recognizer: Make) -> None:
    shared = nn.SyncBatchNorm.convert_sync_batchnorm(recognizer(partial_bn=True)).train()
    modes = [m.training for m in shared.modules() if isinstance(m, nn.SyncBatchNorm)]
    assert modes == [True, False]
