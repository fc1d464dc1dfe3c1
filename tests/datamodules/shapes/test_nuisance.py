"""Specification of `Nuisance`: what it changes in a scene, and what it does not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from datamodules import DataError, MovingShapes
from datamodules.shapes.motion import CLASS_NAMES, REVERSED, require_room
from datamodules.shapes.nuisance import Nuisance
from datamodules.shapes.renderer import render_clip

HARD = Nuisance(max_drift=0.24, min_speed=0.4, max_speed=1.0, min_scale=0.4, max_scale=0.75)


def test_nuisance_leaves_the_rest_of_a_scene_as_it_is() -> None:
    easy, hard = render_clip("left", 3, size=32), render_clip("left", 3, 32, HARD)
    assert len(easy) == len(hard)
    # The corners are background: its colours stay, whatever is in front of it.
    before, after = (clip[:, :3, :3].mean(axis=(0, 1, 2)) for clip in (easy, hard))
    np.testing.assert_allclose(before, after, atol=12)


@pytest.mark.parametrize("class_name", CLASS_NAMES)
def test_time_reversal_holds_under_nuisance(class_name: str) -> None:
    clip = render_clip(class_name, 5, 24, HARD)
    np.testing.assert_array_equal(clip[::-1], render_clip(REVERSED[class_name], 5, 24, HARD))


def covered(nuisance: Nuisance) -> float:
    """Measures the mean share of a frame that stands out from its background."""
    shares = []
    for seed in range(12):
        clip = render_clip("left", seed, 32, nuisance).astype(np.float64)
        distance = np.linalg.norm(clip - np.median(clip, axis=(0, 1, 2)), axis=-1)
        shares.append(np.mean(distance > 60))
    return float(np.mean(shares))


def test_scale_makes_shapes_smaller() -> None:
    assert covered(Nuisance(min_scale=0.5, max_scale=0.5)) < 0.5 * covered(Nuisance())


def sideways(nuisance: Nuisance, seeds: int = 12) -> NDArray[np.float64]:
    """Measures how far the brightest part of a frame moves to the right over "right" clips."""
    moves = []
    for seed in range(seeds):
        clip = render_clip("right", seed, 32, nuisance).astype(float)
        weight = np.linalg.norm(clip - np.median(clip, axis=(0, 1, 2)), axis=-1) ** 4
        centre = (weight.sum(axis=1) * np.arange(32)).sum(axis=1) / weight.sum(axis=(1, 2))
        moves.append((centre[-1] - centre[0]) / 32)
    return np.array(moves)


def test_speed_shortens_the_path_and_drift_can_reverse_it() -> None:
    slow = {"min_speed": 0.2, "max_speed": 0.2, "min_scale": 0.4, "max_scale": 0.4}
    still, drifting = Nuisance(max_drift=0, **slow), Nuisance(max_drift=0.3, **slow)
    assert 0 < sideways(still).mean() < 0.2
    assert (sideways(Nuisance(max_drift=0, min_scale=0.4, max_scale=0.4)) > 0.25).all()
    assert (
        sideways(drifting).min() < 0
    )  # the shape's position in the frame suggests the wrong class


def test_a_scene_that_cannot_fit_its_frame_is_refused() -> None:
    require_room(HARD)
    with pytest.raises(DataError, match=r"leave room for a max_drift of 0\.1"):
        MovingShapes(nuisance=Nuisance(max_drift=0.3), num_segments=4, batch_size=1)


def test_other_nuisance_is_rendered_into_another_folder() -> None:
    easy, hard = (
        MovingShapes(nuisance=nuisance, num_segments=4, batch_size=1)
        for nuisance in (Nuisance(), HARD)
    )
    assert easy.folder != hard.folder


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"max_drift": -0.1}, "max_drift=-0.1 must not be negative"),
        ({"min_speed": 2.0}, "min_speed=2.0 and max_speed=1.0 must be above 0, in order"),
        ({"min_scale": 0.0}, "min_scale=0.0 and max_scale=1.0 must be above 0, in order"),
    ],
)
def test_impossible_ranges_are_refused(settings: dict[str, float], named: str) -> None:
    with pytest.raises(DataError, match=named):
        Nuisance(**settings)
