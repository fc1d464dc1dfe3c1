"""Kernels in C++ for CPUs, used where a compiler is found; each has a twin in PyTorch."""

from models.native.attention import ATTENTION_WIDTHS, attend
from models.native.library import are_watched, has_kernels, runs_now, suits
from models.native.temporal import (
    can_project,
    convolve_and_project,
    convolve_over_time,
    cross_integration,
    motion_gates,
    salient_motion_gates,
    shift_and_project,
)

__all__ = [
    "ATTENTION_WIDTHS",
    "are_watched",
    "attend",
    "can_project",
    "convolve_and_project",
    "convolve_over_time",
    "cross_integration",
    "has_kernels",
    "motion_gates",
    "runs_now",
    "salient_motion_gates",
    "shift_and_project",
    "suits",
]
