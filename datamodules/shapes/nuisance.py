"""How strongly camera drift, speed and scale hide the motion in a scene of MovingShapes."""

from dataclasses import dataclass

from datamodules.errors import DataError


@dataclass(frozen=True)
class Nuisance:
    """Variations between clips that do not change the class.

    The class is always the motion relative to the background. Once the camera may drift farther
    than the shape travels, the shape's position in the frame no longer reveals the class.

    Attributes:
        max_drift: Largest camera drift over a clip, in frame widths; the default is
            under a quarter of the shortest travel at full speed.
        min_speed: Smallest factor of the shape's travel, turn and logarithm of growth.
        max_speed: Largest such factor.
        min_scale: Smallest factor of the shape's size.
        max_scale: Largest such factor.

    Raises:
        DataError: If a range is empty or not above zero, or the drift is negative.
    """

    max_drift: float = 0.08
    min_speed: float = 1.0
    max_speed: float = 1.0
    min_scale: float = 1.0
    max_scale: float = 1.0

    def __post_init__(self) -> None:
        if self.max_drift < 0:
            raise DataError(f"nuisance: max_drift={self.max_drift} must not be negative")
        for name in ("speed", "scale"):
            low, high = getattr(self, f"min_{name}"), getattr(self, f"max_{name}")
            if not 0 < low <= high:
                raise DataError(
                    f"nuisance: min_{name}={low} and max_{name}={high} must be above 0, in order"
                )


EASY = Nuisance()
"""The nuisance of the demo."""
