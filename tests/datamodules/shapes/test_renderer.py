"""Specification of the MovingShapes renderer: `render_clip`, `CLASS_NAMES` and `REVERSED`."""

import numpy as np
import pytest
from numpy.typing import NDArray

from datamodules.shapes.motion import CLASS_NAMES, MAX_FRAMES, MIN_FRAMES, REVERSED
from datamodules.shapes.renderer import render_clip


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
def test_a_clip_is_contiguous_rgb_bytes_of_the_given_size(class_name: str) -> None:
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
