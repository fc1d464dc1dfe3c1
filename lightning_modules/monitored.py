"""The metrics that a fit can choose its best epoch by, and which of their values are better."""

from typing import Literal

from lightning_modules.errors import RunError

Mode = Literal["min", "max"]

BETTER: dict[str, Mode] = {
    **{f"{split}/{name}": "max" for split in ("val", "train") for name in ("top1", "top5")},
    **dict.fromkeys(("val/loss", "train/loss", "train/loss_step"), "min"),
}
"""Metric that `VideoRecognizer` logs -> whether lower (min) or higher (max) values are better."""


def mode_of(monitor: str, stated: str | None, option: str) -> Mode:
    """Tell whether lower or higher values of a metric are better.

    Args:
        monitor: The name under which it is logged.
        stated: What the configuration says; None to follow the metric.
        option: The option that names the metric, for messages.

    Raises:
        RunError: If the statement contradicts the metric, or is missing for an unknown metric.
    """
    known = BETTER.get(monitor)
    if known is None:
        if stated in ("min", "max"):
            return "min" if stated == "min" else "max"
        raise RunError(
            f"{option}.monitor={monitor}: it is not known which values of it are better; state "
            f"{option}.mode, min or max (known are {', '.join(BETTER)})"
        )
    if stated not in (None, known):
        better = "lower" if known == "min" else "higher"
        raise RunError(
            f"{option}.mode={stated}: {better} values of {monitor} are better; give "
            f"{option}.mode {known}"
        )
    return known
