"""Kernels in C++ for CPUs, used where a compiler is found; each has a twin in PyTorch."""

from models.native.attention import ATTENTION_WIDTHS, attend
from models.native.library import has_kernels

__all__ = ["ATTENTION_WIDTHS", "attend", "has_kernels"]
