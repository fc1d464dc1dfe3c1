"""The line that says which tensors of a source were loaded, and which were not."""

from collections.abc import Sequence

from torch import Tensor

from models.backbones.sites import is_temporal
from models.weights.sources import Source

SHOWN_KEYS = 3
COUNTER = "num_batches_tracked"
"""BatchNorm's counter, which converted files often lack; a fixed momentum does not use it."""


def report(
    source: Source,
    loaded: int,
    new: Sequence[str],
    classes: int,
    old_head: Tensor | None,
    shifts: int,
) -> str:
    """Write the report of one load.

    Args:
        source: Where the weights came from.
        loaded: Tensors that the network took.
        new: Names of the network's tensors that the source lacks.
        classes: K of the network's head.
        old_head: The bias of the source's head, if it was not taken.
        shifts: Blocks in which the network shifts frames as TSM does.
    """
    total = len(source.state) + len(source.left_over)
    origin = f" ({source.origin})" if source.origin else ""
    text = f"{loaded} of {total} tensors loaded{origin}; new: {_new(new, classes)}; left over: "
    unused = [] if old_head is None else [f"the head of {len(old_head)} classes"]
    unused += [shown(source.left_over)] if source.left_over else []
    text += ", ".join(unused) or "none"
    if source.shifted not in (None, shifts):
        text += f"; its network shifts frames in {source.shifted} blocks, this one in {shifts}"
    return text


def shown(keys: Sequence[str]) -> str:
    """List the first few names, and how many there are."""
    dots = ", ..." if len(keys) > SHOWN_KEYS else ""
    return f"{', '.join(keys[:SHOWN_KEYS])}{dots} ({len(keys)} tensors)"


def _new(keys: Sequence[str], classes: int) -> str:
    counters = [key for key in keys if key.endswith(COUNTER) and not is_temporal(key)]
    modules = [key for key in keys if is_temporal(key)]
    parts = [f"temporal modules {shown(modules)}"] if modules else []
    if len(keys) > len(modules) + len(counters):
        parts.append(f"the head of {classes} classes")
    parts += [f"BatchNorm's counters ({len(counters)} tensors)"] if counters else []
    return ", ".join(parts) or "none"
