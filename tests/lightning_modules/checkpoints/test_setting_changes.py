"""Specification of `changed_settings`: what differs from a checkpoint, by dotted name."""

import copy
from typing import Any

import pytest

from lightning_modules import VideoRecognizer
from lightning_modules.checkpoints.setting_changes import changed_settings

CONFIGURATION: dict[str, Any] = {
    "network": {
        "class_path": "models.TEINet",
        "init_args": {"backbone": "resnet18", "stages": "all", "mem_gate": "paper"},
    },
    "schedule": {
        "class_path": "lightning_modules.optimization.schedules.StepDecay",
        "init_args": {"milestones": [3, 5], "gamma": 0.1},
    },
    "label_smoothing": 0.0,
    "compile": False,
}


def changed(here: dict[str, Any], there: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return changed_settings(there, here, VideoRecognizer)


def test_equal_settings_have_not_changed() -> None:
    assert changed(CONFIGURATION, copy.deepcopy(CONFIGURATION)) == {}


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [((), "compile", True), (("network", "init_args"), "mem_gate", "centred")],
)
def test_a_setting_that_the_checkpoint_does_not_state_counts_as_its_default(
    part: tuple[str, ...], name: str, value: Any
) -> None:
    older, newer = copy.deepcopy(CONFIGURATION), copy.deepcopy(CONFIGURATION)
    inside, changing = older, newer
    for key in part:
        inside, changing = inside[key], changing[key]
    default = inside.pop(name)
    assert changed(CONFIGURATION, older) == {}
    changing[name] = value
    dotted = ".".join(["model", *(key for key in part if key != "init_args"), name])
    assert changed(newer, older) == {dotted: (default, value)}


def test_another_class_has_changed_and_so_have_its_arguments() -> None:
    older = {**CONFIGURATION, "schedule": None}
    found = changed(CONFIGURATION, older)
    assert found["model.schedule.class_path"] == (None, CONFIGURATION["schedule"]["class_path"])
    assert found["model.schedule.milestones"] == (None, [3, 5])
