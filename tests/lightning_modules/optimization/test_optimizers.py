"""Optimizers: which parameters get which learning rate and weight decay."""

import pytest
from torch import nn

from lightning_modules import SGD, AdamW, RunError


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


def test_adamw_decays_only_parameters_with_more_than_one_dimension() -> None:
    decayed, others = AdamW(lr=1e-3, weight_decay=0.1).make(network()).param_groups
    assert [parameter.ndim for parameter in decayed["params"]] == [4]
    assert [parameter.ndim for parameter in others["params"]] == [1, 1, 1]
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.1, 0.0)


def test_adamw_s_groups_have_names() -> None:
    groups = AdamW().make(network()).param_groups
    assert [group["name"] for group in groups] == ["decayed", "undecayed"]


@pytest.mark.parametrize("maker", [SGD, AdamW])
def test_the_rate_follows_the_total_batch(maker: type[SGD] | type[AdamW]) -> None:
    assert maker(lr=0.01, reference_batch_size=64).lr_at(8) == pytest.approx(0.00125)
    assert maker(lr=0.01, reference_batch_size=64).lr_at(64) == 0.01
    assert maker(lr=0.01).lr_at(8) == 0.01


@pytest.mark.parametrize("maker", [SGD, AdamW])
def test_a_given_rate_replaces_the_configured_one(maker: type[SGD] | type[AdamW]) -> None:
    groups = maker(lr=0.01).make(network(), lr=0.5).param_groups
    assert {group["lr"] for group in groups} == {0.5}


def test_a_reference_batch_of_0_clips_is_refused() -> None:
    with pytest.raises(RunError, match="reference_batch_size=0"):
        SGD(reference_batch_size=0)
