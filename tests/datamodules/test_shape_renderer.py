"""Specification of the MovingShapes renderer: `render_clip`, `CLASS_NAMES` and `REVERSED`."""

import numpy as np
import pytest
from numpy.typing import NDArray

from datamodules.errors import DataError
from datamodules.nuisance import Nuisance
from datamodules.shape_renderer import (
    CLASS_NAMES,
    MAX_FRAMES,
    MIN_FRAMES,
    REVERSED,
    render_clip,
    require_room,
)


def affine_motion(clip: NDArray[np.uint8]) -> dict[str, float]:
    """Fits one affine flow to all of a clip's frame pairs by least squares (Lucas-Kanade).

    Args:
        clip: (n, h, w, 3) frames.

    Returns:
        Signed strength of each motion, named after the class that should make it positive.
    """
    frames = clip.astype(np.float64)
    time_gradient = np.diff(frames, axis=0)
    middle = (frames[1:] + frames[:-1]) / 2
    y_gradient, x_gradient = np.gradient(middle, axis=(1, 2))
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in clip.shape[1:3]), indexing="ij")
    x, y = x[..., None], y[..., None]
    terms = {
        "right": x_gradient,
        "down": y_gradient,
        "approach": x * x_gradient + y * y_gradient,
        "clockwise": x * y_gradient - y * x_gradient,
    }
    design = np.stack([term.ravel() for term in terms.values()], axis=1)
    flow = np.linalg.lstsq(design, -time_gradient.ravel(), rcond=None)[0]
    strengths = dict(zip(terms, flow.tolist(), strict=True))
    return strengths | {REVERSED[name]: -value for name, value in strengths.items()}


def test_classes_are_four_pairs_of_time_reversals() -> None:
    names = "left right up down approach recede clockwise anticlockwise"
    assert " ".join(CLASS_NAMES) == names
    assert set(REVERSED) == set(CLASS_NAMES)
    for name in CLASS_NAMES:
        assert REVERSED[name] != name
        assert REVERSED[REVERSED[name]] == name


@pytest.mark.parametrize("class_name", CLASS_NAMES)
@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_a_clip_backwards_is_the_reversed_class_bit_for_bit(class_name: str, seed: int) -> None:
    clip = render_clip(class_name, seed)
    np.testing.assert_array_equal(clip[::-1], render_clip(REVERSED[class_name], seed))


@pytest.mark.parametrize("class_name", CLASS_NAMES)
def test_a_clip_is_contiguous_rgb_bytes_of_the_asked_size(class_name: str) -> None:
    clip = render_clip(class_name, seed=3, size=48)
    assert clip.dtype == np.uint8
    assert clip.shape[1:] == (48, 48, 3)
    assert clip.flags.c_contiguous


def test_frames_are_80_pixels_wide_by_default() -> None:
    assert render_clip("up", seed=0).shape[1:] == (80, 80, 3)


def test_frame_counts_take_every_value_between_their_bounds() -> None:
    counts = {len(render_clip("left", seed, size=8)) for seed in range(120)}
    assert counts == set(range(MIN_FRAMES, MAX_FRAMES + 1))


def test_the_same_seed_gives_the_same_clip() -> None:
    np.testing.assert_array_equal(render_clip("left", 7), render_clip("left", 7))


def test_different_seeds_give_different_clips() -> None:
    first_frames = {render_clip("left", seed, size=16)[0].tobytes() for seed in range(20)}
    assert len(first_frames) == 20


def test_size_is_only_the_resolution_of_the_same_scene() -> None:
    small, large = render_clip("approach", 5, size=40), render_clip("approach", 5, size=80)
    shrunk = large.reshape(len(large), 40, 2, 40, 2, 3).mean(axis=(2, 4))
    assert len(small) == len(large)
    assert np.abs(small - shrunk).mean() < 4


@pytest.mark.parametrize("class_name", CLASS_NAMES)
def test_the_motion_is_the_one_the_class_is_named_after(class_name: str) -> None:
    for seed in range(8):
        assert affine_motion(render_clip(class_name, seed, size=24))[class_name] > 0


@pytest.mark.parametrize("class_name", CLASS_NAMES[::2])
def test_camera_drift_favours_no_direction(class_name: str) -> None:
    # A corner is nearly always background, which moves by nothing but drift.
    corners = [render_clip(class_name, seed, size=40)[:, :5, :5] for seed in range(40)]
    drifts = [affine_motion(corner) for corner in corners]
    for direction in ("right", "down"):
        share = np.mean([drift[direction] > 0 for drift in drifts])
        assert share == pytest.approx(0.5, abs=0.25)


@pytest.mark.parametrize("class_name", CLASS_NAMES[::2])
def test_the_shape_is_visible_against_the_background(class_name: str) -> None:
    for seed in range(12):
        clip = render_clip(class_name, seed, size=24).astype(np.float64)
        background = np.median(clip, axis=(0, 1, 2))
        stands_out = np.linalg.norm(clip - background, axis=-1) > 50
        assert stands_out.mean(axis=(1, 2)).min() > 0.005


def test_an_unknown_class_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'sideways'.*" + ".*".join(CLASS_NAMES)):
        render_clip("sideways", seed=0)


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


def test_speed_shortens_the_way_and_drift_can_turn_it_round() -> None:
    slow = {"min_speed": 0.2, "max_speed": 0.2, "min_scale": 0.4, "max_scale": 0.4}
    still, drifting = Nuisance(max_drift=0, **slow), Nuisance(max_drift=0.3, **slow)
    assert 0 < sideways(still).mean() < 0.2
    assert (sideways(Nuisance(max_drift=0, min_scale=0.4, max_scale=0.4)) > 0.25).all()
    assert sideways(drifting).min() < 0  # the shape's place in the frame tells the wrong class


def test_a_scene_that_cannot_fit_its_frame_is_refused() -> None:
    require_room(HARD)
    with pytest.raises(DataError, match=r"leave room for a max_drift of 0\.1"):
        require_room(Nuisance(max_drift=0.3))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"max_drift": -0.1}, "max_drift=-0.1 must not be negative"),
        ({"min_speed": 2.0}, "min_speed=2.0 and max_speed=1.0 must be above 0, in order"),
        ({"min_scale": 0.0}, "min_scale=0.0 and max_scale=1.0 must be above 0, in order"),
    ],
)
def test_ranges_that_mean_nothing_are_refused(settings: dict[str, float], named: str) -> None:
    with pytest.raises(DataError, match=named):
        Nuisance(**settings)
