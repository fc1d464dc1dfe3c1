"""Renders MovingShapes, the built-in synthetic data set whose classes differ only in order.

A clip shows one textured shape moving over a textured, drifting background. The eight
classes are four pairs of time reversals. Both classes of a pair are rendered from the same random
draw; the second is the first one played backwards. The frames of a clip without their order
therefore say nothing about which class of its pair the clip belongs to.

Geometry is in frame units: the frame spans [0, 1] x [0, 1], x to the right and y downwards, so
that growing angles turn clockwise on screen. Colours are RGB in [0, 1] until the last step.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datamodules.shapes.motion import (
    CLASS_NAMES,
    REVERSED,
    FloatArray,
    Track,
    direction,
    draw_track,
    draw_vector,
)
from datamodules.shapes.nuisance import EASY, Nuisance

BACKGROUND_SHADES, SHAPE_SHADES = (0.1, 0.45), (0.6, 1.0)
# RGB distance below which an accent counts as too close to its shape's colour.
MIN_COLOUR_DISTANCE = 0.6
OUTLINE_BINS = 1024


@dataclass(frozen=True)
class Appearance:
    """Look of the shape and the background, constant over a clip.

    Attributes:
        outline: (OUTLINE_BINS,) outline radius by polar angle from 0 to 2 pi, at most 1.
        hole: Size of the hole in the middle relative to the outline; negative for none.
        marker: (2,) position of the accent spot in the unrotated shape of radius 1.
        marker_radius: Radius of the accent spot, relative to the shape's.
        stripes: (2,) wave vector of the shape's texture, in radians per shape radius.
        colours: (2, 3) RGB of the body and of the accent.
        cells: Background noise cells across one frame.
        background: (3, g, g) noise grid, larger than the frame by ``margin``.
        contrast: Factor of every colour's distance from mid-grey.
        margin: Width of the noise grid outside the frame on each side, in frame units.
    """

    outline: FloatArray
    hole: float
    marker: FloatArray
    marker_radius: float
    stripes: FloatArray
    colours: FloatArray
    cells: float
    background: FloatArray
    contrast: float
    margin: float


def render_clip(
    class_name: str, seed: int, size: int = 80, nuisance: Nuisance = EASY
) -> NDArray[np.uint8]:
    """Render one clip, determined by the class's pair, the seed and the nuisance.

    Args:
        class_name: One of `CLASS_NAMES`.
        seed: Non-negative number of the clip within its class. The same seed gives, for the
            two classes of a pair, the same frames in opposite order.
        size: Height and width of a frame, in pixels.
        nuisance: The variations that hide the motion; the rest of the scene does not change.

    Returns:
        (n, size, size, 3) RGB frames in 0-255, with n from `MIN_FRAMES` to `MAX_FRAMES`.

    Raises:
        ValueError: If the class is unknown.
    """
    if class_name not in REVERSED:
        raise ValueError(f"unknown class {class_name!r}; known: {', '.join(CLASS_NAMES)}")
    pair, plays_backwards = divmod(CLASS_NAMES.index(class_name), 2)
    rng = np.random.default_rng(np.random.SeedSequence([pair, seed]))
    # Drawn from a separate generator, so that the rest of the scene does not depend on them.
    factors = np.random.default_rng(np.random.SeedSequence([pair, seed, 1]))
    speed = factors.uniform(nuisance.min_speed, nuisance.max_speed)
    scale = factors.uniform(nuisance.min_scale, nuisance.max_scale)
    track = draw_track(rng, CLASS_NAMES[2 * pair], speed, scale, nuisance.max_drift)
    clip = _render(track, _draw_appearance(rng, nuisance.max_drift), size)
    return np.ascontiguousarray(clip[::-1]) if plays_backwards else clip


def _draw_appearance(rng: np.random.Generator, max_drift: float) -> Appearance:
    """Draw shape, colours, textures and contrast of a clip."""
    outline = _draw_outline(rng)
    marker_bin = rng.integers(OUTLINE_BINS)
    marker_angle = marker_bin * 2 * np.pi / OUTLINE_BINS
    # Off-centre, so that rotations of any shape are visible, and outside the hole.
    marker_distance = 0.65 * outline[marker_bin]
    # Light shapes on a darker background, so that leading edges always have the same contrast.
    base = rng.uniform(*BACKGROUND_SHADES, size=3)
    body = rng.uniform(*SHAPE_SHADES, size=3)
    accent = _draw_colour(rng, unlike=body)
    cells = rng.uniform(5.0, 14.0)
    g = int(np.ceil(cells * (1.0 + max_drift))) + 1
    # Mostly grey noise with a little hue around the base colour.
    noise = rng.uniform(-1.0, 1.0, size=(1, g, g)) + 0.4 * rng.uniform(-1.0, 1.0, size=(3, g, g))
    background = base[:, None, None] + rng.uniform(0.04, 0.1) * noise
    return Appearance(
        outline=outline.astype(np.float32),
        hole=rng.uniform(0.3, 0.45) if rng.random() < 0.25 else -1.0,
        marker=np.float32(marker_distance) * direction(marker_angle),
        marker_radius=rng.uniform(0.2, 0.3),
        stripes=draw_vector(rng, rng.uniform(4.0, 10.0)),
        colours=np.stack([body, accent]).astype(np.float32),
        cells=cells,
        background=background.astype(np.float32),
        contrast=rng.uniform(0.75, 1.15),
        margin=max_drift / 2,
    )


def _draw_outline(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw an ellipse, rectangle, irregular polygon or star, as `Appearance.outline`."""
    theta = np.linspace(0.0, 2 * np.pi, OUTLINE_BINS, endpoint=False)
    kind = rng.choice(["ellipse", "rectangle", "polygon", "star"])
    corners = int(rng.integers(3, 7))
    if kind == "ellipse":
        outline = 1.0 / np.hypot(np.cos(theta), np.sin(theta) / rng.uniform(0.45, 0.7))
    elif kind == "star":
        radii = np.full(2 * corners, rng.uniform(0.4, 0.55))
        radii[::2] = rng.uniform(0.7, 1.0, size=corners)
        tips_and_notches = np.arange(2 * corners) * np.pi / corners
        outline = np.interp(theta, tips_and_notches, radii, period=2 * np.pi)
    else:
        # Convex shapes are intersections of half-planes of given normal and distance.
        if kind == "rectangle":
            normals = np.arange(4) * np.pi / 2
            distances = np.array([1.0, rng.uniform(0.4, 0.75)] * 2)
        else:
            jitter = rng.uniform(-0.15, 0.15, size=corners)
            normals = (np.arange(corners) + jitter) * 2 * np.pi / corners
            distances = rng.uniform(0.65, 1.0, size=corners)
        facing = np.maximum(np.cos(theta[:, None] - normals), 1e-3)
        outline = (distances / facing).min(axis=1)
    return np.asarray(outline / outline.max())


def _draw_colour(rng: np.random.Generator, unlike: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw an RGB colour that stands out from another one, by rejection."""
    while True:
        colour = rng.uniform(0.0, 1.0, size=3)
        if np.linalg.norm(colour - unlike) >= MIN_COLOUR_DISTANCE:
            return colour


def _render(track: Track, look: Appearance, size: int) -> NDArray[np.uint8]:
    """Render all frames as (n, size, size, 3) RGB in 0-255."""
    clip = np.empty((len(track.radius), size, size, 3), dtype=np.uint8)
    axis = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    offsets = 255 * (0.5 - 0.5 * look.contrast + track.brightness)
    for t, offset in enumerate(offsets):
        frame = _sample_background(look, track.drift[t], axis)
        _paint_shape(frame, look, track.centre[t], track.radius[t], track.angle[t], axis)
        frame = np.clip(255 * look.contrast * frame + offset, 0, 255)
        np.stack(frame, axis=-1, out=clip[t], casting="unsafe")
    return clip


def _sample_background(look: Appearance, drift: FloatArray, axis: FloatArray) -> FloatArray:
    """Sample one frame's (3, size, size) background in 0-1 at the (size,) pixel centres."""
    nodes = np.arange(look.background.shape[-1], dtype=np.float32)
    # A scene that moves in one direction is sampled in the opposite direction.
    positions = (axis - drift[:, None] + look.margin) * look.cells
    # Hat functions at the nodes turn bilinear sampling into two small matrix products.
    columns, rows = np.maximum(0, 1 - np.abs(positions[..., None] - nodes))
    return np.asarray(rows @ look.background @ columns.T)


def _paint_shape(
    frame: FloatArray,
    look: Appearance,
    centre: FloatArray,
    radius: np.float32,
    angle: np.float32,
    axis: FloatArray,
) -> None:
    """Paint the posed shape over a (3, size, size) frame in 0-1, in place, anti-aliased."""
    # Only the box around the shape is touched: most of a frame is background.
    left, top = np.searchsorted(axis, centre - radius)
    right, bottom = np.searchsorted(axis, centre + radius)
    box = frame[:, top:bottom, left:right]
    x = (axis[None, left:right] - centre[0]) / radius
    y = (axis[top:bottom, None] - centre[1]) / radius
    # From here on in the coordinates of the unrotated shape of radius 1.
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = x * cos + y * sin, y * cos - x * sin

    distance = np.sqrt(x * x + y * y)
    bins = (np.arctan2(y, x) * (OUTLINE_BINS / (2 * np.pi))).astype(np.intp)
    edge = look.outline[bins]  # Negative bins wrap around, as angles do.
    inside = np.minimum(edge - distance, distance - look.hole * edge)
    in_spot = look.marker_radius - np.sqrt((x - look.marker[0]) ** 2 + (y - look.marker[1]) ** 2)
    # Coverage rises over one pixel at every edge, which keeps sub-pixel motion smooth.
    radius_in_pixels = radius * len(axis)
    coverage = np.clip(inside * radius_in_pixels + 0.5, 0, 1)
    spot = np.clip(in_spot * radius_in_pixels + 0.5, 0, 1)
    stripes = 0.2 + 0.2 * np.sin(x * look.stripes[0] + y * look.stripes[1])
    body, accent = look.colours[:, :, None, None]
    colour = body + np.maximum(stripes, spot) * (accent - body)
    box += coverage * (colour - box)
