"""Motion of MovingShapes: how the shape and the camera move in a clip of each class.

Geometry is in frame units: the frame spans [0, 1] x [0, 1], x to the right and y downwards, so
that growing angles turn clockwise on screen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datamodules.errors import DataError
from datamodules.shapes.nuisance import Nuisance

FloatArray = NDArray[np.float32]

# The classes at 2k and 2k + 1 are each other's time reversal.
CLASS_NAMES: tuple[str, ...] = (
    *("left", "right"),
    *("up", "down"),
    *("approach", "recede"),
    *("clockwise", "anticlockwise"),
)
REVERSED: dict[str, str] = {name: CLASS_NAMES[i ^ 1] for i, name in enumerate(CLASS_NAMES)}

MIN_FRAMES, MAX_FRAMES = 16, 24
MIN_TRAVEL, MAX_TRAVEL = 0.45, 0.7
# Degrees over a clip, and the pivot's distance from the shape's centre.
MIN_TURN, MAX_TURN = 150.0, 300.0
MIN_PIVOT, MAX_PIVOT = 0.14, 0.22
MIN_RADIUS, MAX_RADIUS = 0.19, 0.28
MIN_GROWTH, MAX_GROWTH = 1.8, 3.0
# Fraction of a shape's radius that always stays inside the frame.
VISIBLE_RADIUS = 0.75


@dataclass(frozen=True)
class Track:
    """Position of the shape and of the scene in each of the n frames, in frame units.

    Attributes:
        centre: (n, 2) shape centre as (x, y), camera drift included.
        radius: (n,) distance from the shape's centre to its farthest point.
        angle: (n,) clockwise rotation of the shape, in radians.
        drift: (n, 2) displacement of the whole scene as (x, y).
        brightness: (n,) offset added to every colour.
    """

    centre: FloatArray
    radius: FloatArray
    angle: FloatArray
    drift: FloatArray
    brightness: FloatArray


def require_room(nuisance: Nuisance) -> None:
    """Check that every scene fits into its frame.

    Raises:
        DataError: If a turning or growing shape could leave the frame.
    """
    radius = VISIBLE_RADIUS * MAX_RADIUS * nuisance.max_scale
    grown = radius * np.sqrt(MAX_GROWTH**nuisance.max_speed)
    room = 1 - 2 * max(MAX_PIVOT + radius, grown)
    if nuisance.max_drift > room:
        raise DataError(
            f"nuisance: shapes of max_scale={nuisance.max_scale} at max_speed="
            f"{nuisance.max_speed} leave room for a max_drift of {max(room, 0):.2f}, not "
            f"{nuisance.max_drift}"
        )


def draw_track(
    rng: np.random.Generator, forward_class: str, speed: float, scale: float, max_drift: float
) -> Track:
    """Draw the motion of a clip of a pair's first class."""
    # From -0.5 to 0.5, so that drift and motion are centred at the drawn middle pose.
    progress = np.linspace(-0.5, 0.5, rng.integers(MIN_FRAMES, MAX_FRAMES, endpoint=True))
    middle_radius = rng.uniform(MIN_RADIUS, MAX_RADIUS) * scale
    growth = rng.uniform(MIN_GROWTH, MAX_GROWTH) if forward_class == "approach" else 1.0
    turn = np.deg2rad(rng.uniform(MIN_TURN, MAX_TURN)) if forward_class == "clockwise" else 0.0
    growth, turn = growth**speed, turn * speed
    angle = rng.uniform(0.0, 2 * np.pi) + turn * progress
    room = 1.0 - max_drift - 2 * VISIBLE_RADIUS * middle_radius
    path = _draw_path(rng, forward_class, speed, room, progress, angle)

    # All directions are equally likely: the drift says nothing about the direction of time.
    drift = progress[:, None] * draw_vector(rng, rng.uniform(0.0, max_drift))
    largest_radius = middle_radius * np.sqrt(growth)
    reach = np.abs(path).max(axis=0) + max_drift / 2 + VISIBLE_RADIUS * largest_radius
    middle = rng.uniform(reach, 1.0 - reach)
    brightness = rng.uniform(-0.1, 0.1) + rng.uniform(-0.1, 0.1) * progress
    return Track(
        centre=(middle + path + drift).astype(np.float32),
        radius=(middle_radius * growth**progress).astype(np.float32),
        angle=angle.astype(np.float32),
        drift=drift.astype(np.float32),
        brightness=brightness.astype(np.float32),
    )


def _draw_path(
    rng: np.random.Generator,
    forward_class: str,
    speed: float,
    room: float,
    progress: NDArray[np.float64],
    angle: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Draw the (n, 2) path of the shape's centre, relative to the path's middle."""
    if forward_class == "clockwise":
        # Like the hand of a clock, the shape turns around a point outside of it.
        pivot = rng.uniform(MIN_PIVOT, MAX_PIVOT)
        return pivot * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    path = np.zeros((len(progress), 2))
    if forward_class in ("left", "up"):
        farthest = min(MAX_TRAVEL * speed, room)
        distance = rng.uniform(min(MIN_TRAVEL * speed, farthest), farthest)
        path[:, 0 if forward_class == "left" else 1] = -distance * progress
    return path


def draw_vector(rng: np.random.Generator, length: float) -> FloatArray:
    """Draw a (2,) vector of the given length and any direction."""
    return np.float32(length) * direction(rng.uniform(0.0, 2 * np.pi))


def direction(angle: float) -> FloatArray:
    """Return the (2,) unit vector at an angle in radians."""
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)
