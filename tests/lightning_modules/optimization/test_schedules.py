"""Schedules: the learning rate's factor over the epochs."""

from collections.abc import Callable

import pytest

from lightning_modules import Constant, CosineDecay, RunError, StepDecay


@pytest.mark.parametrize(
    ("epoch", "factor"),
    [(0, 1), (29.99, 1), (30, 0.1), (39.9, 0.1), (40, 0.01), (45, 0.001), (49.9, 0.001)],
)
def test_steps_drop_at_the_papers_milestones(epoch: float, factor: float) -> None:
    assert StepDecay([30, 40, 45]).factor(epoch, 50) == pytest.approx(factor)


def test_a_cosine_warms_up_linearly_and_decays_to_zero() -> None:
    schedule = CosineDecay(warmup_epochs=2)
    assert schedule.factor(1, 10) == pytest.approx(0.5)
    assert schedule.factor(2, 10) == pytest.approx(1)
    assert schedule.factor(6, 10) == pytest.approx(0.5)
    assert schedule.factor(10, 10) == pytest.approx(0)


def test_the_first_step_of_a_warm_up_has_a_rate_above_zero() -> None:
    assert CosineDecay(warmup_epochs=1).factor(0, 10) > 0


def test_a_cosine_without_warm_up_starts_at_one() -> None:
    assert CosineDecay().factor(0, 10) == 1


def test_step_decay_warms_up_too_and_keeps_its_milestones() -> None:
    schedule = StepDecay([30, 40, 45], warmup_epochs=5)
    assert schedule.factor(2.5, 50) == pytest.approx(0.5)
    for epoch in (5, 29.9, 30, 49.9):
        assert schedule.factor(epoch, 50) == StepDecay([30, 40, 45]).factor(epoch, 50)


def test_a_constant_rate_warms_up_too() -> None:
    assert Constant(warmup_epochs=4).factor(1, 10) == pytest.approx(0.25)
    assert Constant(warmup_epochs=4).factor(4, 10) == 1


def test_a_training_shorter_than_its_warm_up_only_warms_up() -> None:
    schedule = CosineDecay(warmup_epochs=5)
    assert [schedule.factor(epoch, 2) for epoch in (1, 2)] == pytest.approx([0.2, 0.4])


@pytest.mark.parametrize(
    "schedule", [Constant, CosineDecay, lambda **warmup: StepDecay([3], **warmup)]
)
def test_a_negative_warm_up_is_refused(schedule: Callable[..., object]) -> None:
    with pytest.raises(RunError, match="warmup_epochs=-1"):
        schedule(warmup_epochs=-1)


def test_a_constant_factor_is_one() -> None:
    assert Constant().factor(7, 10) == 1
