"""Specification of weights by torchvision's names. Nothing is downloaded here."""

from typing import Any
from urllib.error import URLError

import pytest
import torchvision
from torchvision.models import _api as torchvision_api

from models import TSN, WeightsError
from models.weights import read_source
from tests.models.weights.states import State, build, differing


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch, resnet18: State) -> list[str]:
    """Answer torchvision's downloads with ResNet-18 weights and keep the addresses asked for."""
    asked: list[str] = []

    def answer(url: str, *args: Any, **kwargs: Any) -> State:
        asked.append(url)
        return resnet18

    monkeypatch.setattr(torchvision_api, "load_state_dict_from_url", answer)
    return asked


def test_a_torchvision_name_is_downloaded_and_loaded(downloads: list[str], resnet18: State) -> None:
    assert differing(build(TSN, "IMAGENET1K_V1"), resnet18) == []
    assert downloads == [torchvision.models.ResNet18_Weights.IMAGENET1K_V1.url]


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("IMAGENET1K_V1", "IMAGENET1K_V1"),
        ("IMAGENET1K_V2", "IMAGENET1K_V2"),
        ("ResNet50_Weights.IMAGENET1K_V1", "IMAGENET1K_V1"),
        ("DEFAULT", "DEFAULT"),
    ],
)
def test_a_name_means_the_backbone_s_own_weights(
    name: str, member: str, downloads: list[str]
) -> None:
    read_source(name, "resnet50", "fc")
    assert downloads == [torchvision.models.ResNet50_Weights[member].url]


@pytest.mark.parametrize("name", ["IMAGENET1K_V3", "imagenet", "ResNet50_Weights.IMAGENET1K_V9"])
def test_an_unknown_name_is_refused_and_the_known_ones_are_listed(
    name: str, downloads: list[str]
) -> None:
    with pytest.raises(WeightsError, match="IMAGENET1K_V1, IMAGENET1K_V2") as refusal:
        read_source(name, "resnet50", "fc")
    assert name in str(refusal.value)
    assert downloads == []


@pytest.mark.parametrize(
    "failure",
    [URLError("no route to host"), TimeoutError("timed out"), ConnectionResetError("reset")],
)
def test_a_failing_download_names_the_address_the_cause_and_the_remedy(
    failure: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> State:
        raise failure

    monkeypatch.setattr(torchvision_api, "load_state_dict_from_url", fail)
    with pytest.raises(WeightsError, match=r"fetch that file .* give its path") as refusal:
        read_source("IMAGENET1K_V1", "resnet18", "fc")
    assert torchvision.models.ResNet18_Weights.IMAGENET1K_V1.url in str(refusal.value)
    assert str(failure) in str(refusal.value)


def test_a_damaged_download_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> State:
        raise RuntimeError('invalid hash value (expected "f37072fd", got "0badc0de")')

    monkeypatch.setattr(torchvision_api, "load_state_dict_from_url", fail)
    with pytest.raises(WeightsError, match="invalid hash value"):
        read_source("IMAGENET1K_V1", "resnet18", "fc")


@pytest.mark.parametrize("name", ["ResNet18_Weights.IMAGENET1K_V1", "runs/best.IMAGENET1K_V1"])
def test_another_backbone_s_enum_or_a_path_is_not_taken_for_this_one_s(
    name: str, downloads: list[str]
) -> None:
    with pytest.raises(WeightsError, match=name):
        read_source(name, "resnet50", "fc")
