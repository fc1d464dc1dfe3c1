"""The number of cores that this process may use."""

import os


def available_cores() -> int:
    """Count the cores; a scheduler or container often gives fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
