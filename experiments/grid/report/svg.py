"""Scatter plots as SVG, readable without any other file."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 380, 60, 20, 30, 50
MAX_TICKS = 6
LETTER, LINE = 5.2, 11
"""Pixels of a label's letter, about, and of its height."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class Point:
    """A mark.

    Attributes:
        x: Place.
        y: Place.
        label: Shown on hovering, and written beside it where there is room.
        filled: Whether the mark is filled (ours) or hollow (the paper's).
        spread: Half the length of a vertical bar through it.
    """

    x: float
    y: float
    label: str
    filled: bool
    spread: float = 0.0


@dataclass(frozen=True)
class Axis:
    """A linear or logarithmic axis.

    Attributes:
        title: What it shows, with its unit.
        low: Its least value.
        high: Its greatest value.
        start: Pixels at ``low``.
        end: Pixels at ``high``.
        logarithmic: Whether equal steps are equal factors.
    """

    title: str
    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Turn a value into pixels."""
        low, high, at = (
            math.log(v) if self.logarithmic else v for v in (self.low, self.high, value)
        )
        return self.start + (self.end - self.start) * (at - low) / (high - low)

    def ticks(self) -> list[float]:
        """Choose round values to mark."""
        if self.logarithmic:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            candidates = [m * 10.0**power for power in powers for m in (1, 2, 5)]
            return [value for value in candidates if self.low <= value <= self.high]
        raw = (self.high - self.low) / MAX_TICKS
        magnitude = 10.0 ** math.floor(math.log10(raw))
        step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= raw)
        first = math.ceil(self.low / step)
        return [number * step for number in range(first, math.floor(self.high / step) + 1)]


def scatter(
    points: Sequence[Point],
    title: str,
    x_title: str,
    y_title: str,
    *,
    logarithmic_x: bool = False,
    diagonal: bool = False,
) -> str:
    """Draw points.

    Args:
        points: At least one.
        title: Above the plot.
        x_title: Below the plot.
        y_title: Beside it.
        logarithmic_x: Whether the x axis, then of positive values, is logarithmic.
        diagonal: Whether both axes are the same, with the line where they are equal.
    """
    xs = [point.x for point in points]
    ys = [y for point in points for y in (point.y - point.spread, point.y + point.spread)]
    x_range = y_range = _widened([*xs, *ys]) if diagonal else _widened(ys)
    if not diagonal:
        x_range = (min(xs) / 1.3, max(xs) * 1.3) if logarithmic_x else _widened(xs)
    x_axis = Axis(x_title, *x_range, LEFT, WIDTH - RIGHT, logarithmic_x)
    y_axis = Axis(y_title, *y_range, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<text x="{WIDTH / 2}" y="18" class="title">{escape(title)}</text>',
        *_axes(x_axis, y_axis),
    ]
    if diagonal:
        ends = [f"{axis.place(value):.1f}" for value in x_range for axis in (x_axis, y_axis)]
        parts.append(
            f'<line x1="{ends[0]}" y1="{ends[1]}" x2="{ends[2]}" y2="{ends[3]}" class="equal"/>'
        )
    taken: list[Box] = []
    parts += [_mark(point, x_axis, y_axis, taken) for point in points]
    return "\n".join([*parts, "</svg>"])


def _widened(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = 0.08 * (high - low) or 1.0
    return low - margin, high + margin


def _axes(x_axis: Axis, y_axis: Axis) -> list[str]:
    bottom, left = HEIGHT - BOTTOM, LEFT
    parts = [f'<path d="M{left},{TOP} V{bottom} H{WIDTH - RIGHT}" class="axis"/>']
    for value in x_axis.ticks():
        x = f"{x_axis.place(value):.1f}"
        parts.append(f'<path d="M{x},{bottom} v4" class="axis"/>')
        parts.append(f'<text x="{x}" y="{bottom + 18}" class="tick middle">{value:g}</text>')
    for value in y_axis.ticks():
        y = y_axis.place(value)
        parts.append(f'<path d="M{left},{y:.1f} H{WIDTH - RIGHT}" class="grid"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" class="tick end">{value:g}</text>')
    middle = (TOP + bottom) / 2
    parts.append(
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 10}" class="tick middle">{escape(x_axis.title)}</text>'
    )
    parts.append(
        f'<text x="16" y="{middle}" transform="rotate(-90 16 {middle})" class="tick middle">'
        f"{escape(y_axis.title)}</text>"
    )
    return parts


def _mark(point: Point, x_axis: Axis, y_axis: Axis, taken: list[Box]) -> str:
    x, y = x_axis.place(point.x), y_axis.place(point.y)
    kind = "ours" if point.filled else "paper"
    bar = ""
    if point.spread:
        ends = [y_axis.place(point.y + sign * point.spread) for sign in (-1, 1)]
        bar = f'<path d="M{x:.1f},{ends[0]:.1f} V{ends[1]:.1f}" class="bar"/>'
    hint = f"{point.label}: {point.x:g}, {point.y:.1f}"
    return (
        f'<g><title>{escape(hint)}</title>{bar}<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" '
        f'class="{kind}"/>{_label(point.label, x, y, taken)}</g>'
    )


def _label(label: str, x: float, y: float, taken: list[Box]) -> str:
    """Write a label where it meets no other; nowhere if there is no such place."""
    width = LETTER * len(label)
    for dx, dy in ((7, -5), (7, 11), (-7 - width, -5), (-7 - width, 11)):
        left, bottom = x + dx, y + dy
        box = (left, bottom - LINE, left + width, bottom)
        inside = left > LEFT and box[2] < WIDTH
        if inside and not any(_meet(box, other) for other in taken):
            taken.append(box)
            return f'<text x="{left:.1f}" y="{bottom:.1f}" class="label">{escape(label)}</text>'
    return ""


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
