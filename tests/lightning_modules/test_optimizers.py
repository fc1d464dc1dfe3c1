"""Optimisers: which parameters get which rate and decay."""

from torch import nn

from lightning_modules import SGD, AdamW


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))


def test_sgd_treats_all_parameters_alike() -> None:
    groups = SGD(lr=0.02, weight_decay=5e-4).make(network()).param_groups
    assert len(groups) == 1
    assert len(groups[0]["params"]) == 4
    assert (groups[0]["lr"], groups[0]["momentum"], groups[0]["weight_decay"]) == (0.02, 0.9, 5e-4)


def test_sgd_s_defaults_are_teinet_s() -> None:
    group = SGD().make(network()).param_groups[0]
    assert (group["lr"], group["momentum"], group["weight_decay"]) == (0.01, 0.9, 1e-4)
    assert not group["nesterov"]


def test_adamw_decays_only_what_has_more_than_one_axis() -> None:
    decayed, others = AdamW(lr=1e-3, weight_decay=0.1).make(network()).param_groups
    assert [parameter.ndim for parameter in decayed["params"]] == [4]
    assert [parameter.ndim for parameter in others["params"]] == [1, 1, 1]
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
