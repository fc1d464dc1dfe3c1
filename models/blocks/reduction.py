"""The number of channels after a 1x1 reduction: C/r."""

from models.errors import ModelError


def reduced_channels(channels: int, reduction: int) -> int:
    """Divide C by r.

    Args:
        channels: C.
        reduction: r.

    Returns:
        C/r, rounded down.

    Raises:
        ModelError: If r is below 1 or leaves no channel.
    """
    if not 1 <= reduction <= channels:
        raise ModelError(f"reduction={reduction} of {channels} channels leaves none; lower it")
    return channels // reduction
