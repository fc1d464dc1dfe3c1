"""Specification of BN-Inception (Ioffe and Szegedy, figure 5)."""

import pytest
import torch
from torch.nn import functional as F

from models.bn_inception import MODULES, BNInception, HalvingMaxPool, Inception, Widths

# Channels that leave each module.
OUTPUTS = [256, 320, 576, 576, 576, 608, 608, 1056, 1024, 1024]


def test_the_modules_have_the_published_model_s_widths() -> None:
    with torch.device("meta"):
        network = BNInception()
    assert [module.out_channels for module in network.inceptions.values()] == OUTPUTS


@pytest.mark.parametrize(("side", "last", "shared"), [(224, 7, 28), (112, 4, 14), (32, 1, 4)])
def test_the_last_map_is_a_32nd_and_the_shared_one_an_8th_of_the_frame(
    side: int, last: int, shared: int
) -> None:
    with torch.device("meta"):
        maps = BNInception()(torch.empty(2, 3, side, side))
    assert [tuple(x.shape) for x in maps] == [(2, 1024, last, last), (2, 96, shared, shared)]


@pytest.mark.parametrize("widths", MODULES.values(), ids=MODULES)
def test_a_module_gives_what_it_says(widths: Widths) -> None:
    with torch.device("meta"):
        module = Inception(64, widths)
        output, head = module(torch.empty(2, 64, 14, 14))
    side = 14 if widths.single else 7
    assert output.shape == (2, module.out_channels, side, side)
    assert head.shape == (2, widths.double[1], 14, 14)


def test_the_halving_pooling_is_caffe_s_on_even_sides_and_centred_on_odd_ones() -> None:
    even, odd = torch.randn(1, 2, 6, 6), torch.randn(1, 2, 7, 7)
    pool = HalvingMaxPool()
    assert torch.equal(pool(even), F.max_pool2d(even, 3, 2, ceil_mode=True))
    assert torch.equal(pool(odd), F.max_pool2d(odd, 3, 2, padding=1))


def test_the_branches_are_concatenated() -> None:
    module = Inception(8, Widths(4, (2, 6), (2, 6), 4)).eval()
    x = torch.randn(2, 8, 5, 5)
    output, head = module(x)
    one, three, double, pooled = output.split([4, 6, 6, 4], dim=1)
    assert module.single is not None
    assert module.projection is not None
    assert torch.equal(one, module.single(x))
    assert torch.equal(three, module.triple(x))
    assert torch.equal(double, module.double_tail(head))
    assert torch.equal(pooled, module.projection(module.pool(x)))


def test_with_a_classifier_and_biases_its_parameters_are_the_published_caffe_model_s() -> None:
    with torch.device("meta"):
        modules = list(BNInception().modules())
    convolutions = [m.weight for m in modules if isinstance(m, torch.nn.Conv2d)]
    norms = 2 * sum(len(weight) for weight in convolutions)
    biases = sum(len(weight) for weight in convolutions)
    classifier = 1000 * 1024 + 1000
    total = sum(weight.numel() for weight in convolutions) + norms + biases + classifier
    assert total == 11_295_240
