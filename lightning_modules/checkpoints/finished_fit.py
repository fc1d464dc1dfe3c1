"""What ended a fit, so that resuming it trains nothing unless a limit has been raised."""

from math import inf
from typing import Any

from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import Callback, EarlyStopping, Timer

KEY = "finished"
"""The key of `limits` in the last checkpoint of a fit that has ended by itself."""

EARLY_STOPPING = (
    *("monitor", "mode", "min_delta", "check_finite"),
    *("stopping_threshold", "divergence_threshold"),
)


def limits(trainer: Trainer) -> dict[str, Any]:
    """Collect what can end a fit, in plain values."""
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    return {
        "max_epochs": trainer.max_epochs,
        "max_steps": trainer.max_steps,
        "max_seconds": [
            callback._duration for callback in callbacks if isinstance(callback, Timer)
        ],
        "early_stopping": [
            {
                "patience": one.patience,
                **{name: getattr(one, name) for name in EARLY_STOPPING},
            }
            for one in callbacks
            if isinstance(one, EarlyStopping)
        ],
    }


def goes_on(there: dict[str, Any], here: dict[str, Any]) -> bool:
    """Tell whether a finished fit has more to train with other limits.

    Args:
        there: The limits with which it ended.
        here: The limits now.

    Returns:
        Whether a limit is higher, or a callback that may have ended the fit was removed or changed.
    """
    if any(_limit(here[name]) > _limit(there[name]) for name in ("max_epochs", "max_steps")):
        return True
    if len(here["max_seconds"]) < len(there["max_seconds"]):
        return True
    pairs = zip(there["max_seconds"], here["max_seconds"], strict=False)
    if any(_limit(new) > _limit(old) for old, new in pairs):
        return True
    return any(
        not any(_is_as_strict(old, new) for new in here["early_stopping"])
        for old in there["early_stopping"]
    )


def _limit(value: float | None) -> float:
    return inf if value is None or value < 0 else value


def _is_as_strict(old: dict[str, Any], new: dict[str, Any]) -> bool:
    same = all(old[name] == new[name] for name in EARLY_STOPPING)
    return same and bool(new["patience"] <= old["patience"])
