"""Compiles kernels.cpp, within a second, when a process first needs it."""

import ctypes
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

SOURCE = Path(__file__).with_name("kernels.cpp")
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fopenmp", "-fPIC")
"""No flag here makes sums inexact or changes how the process treats small numbers."""


def has_kernels() -> bool:
    """Tell whether the kernels run here: there is a C++ compiler and it knows this processor."""
    return load_kernels() is not None


@cache
def load_kernels() -> ctypes.CDLL | None:
    """Compile and load the kernels; None where that fails, which is no error.

    The library is not linked with OpenMP: it takes torch's, so that both share one set of threads.
    """
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        return None
    try:
        with TemporaryDirectory() as folder:
            objects, library = Path(folder) / "kernels.o", Path(folder) / "kernels.so"
            _run(compiler, *FLAGS, "-c", SOURCE, "-o", objects)
            _run(compiler, "-shared", objects, "-o", library)
            return ctypes.CDLL(str(library))
    except (subprocess.CalledProcessError, OSError):
        return None


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)
