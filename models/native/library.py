"""Compiles the kernels, within some seconds, when a process first needs one."""

import ctypes
import os
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

FOLDER = Path(__file__).parent
MATH = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math")
"""No flag here makes sums inexact or changes how the process treats small numbers."""

FLAGS = ("-std=gnu++17", *MATH, "-fopenmp", "-fPIC")
SECONDS_TO_COMPILE = 300

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
REPLACED = {"forward", "_conv_forward"}
"""Methods that someone may have replaced on a single module."""


def suits(*tensors: Tensor) -> bool:
    """Tell whether a kernel may read these tensors, and no one asks for more than its result.

    They must be plain float32 on a CPU. Gradients, autocast and exported or traced programs need
    torch's own operations.
    """
    if torch.compiler.is_exporting() or torch.is_autocast_enabled("cpu"):
        return False
    if torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        return False
    grad = torch.is_grad_enabled()
    return all(
        tensor.is_cpu and tensor.dtype == torch.float32 and not (grad and tensor.requires_grad)
        for tensor in tensors
    )


def runs_now(x: Tensor, *others: Tensor | None) -> bool:
    """Tell whether a kernel can be called at once, outside of any operation of torch's.

    Args:
        x: Frames, (N, C, H, W); kernels read channels_last alone.
        others: What else the kernel reads.
    """
    if torch.compiler.is_compiling() or is_in_torch_dispatch_mode():  # such as one that counts
        return False
    if forward_ad._current_level >= 0 or torch._C._functorch.peek_interpreter_stack() is not None:
        return False
    tensors = [tensor for tensor in (x, *others) if tensor is not None]
    if any(type(tensor) not in {Tensor, nn.Parameter} or tensor.is_neg() for tensor in tensors):
        return False
    if not suits(*tensors) or not x.is_contiguous(memory_format=torch.channels_last):
        return False
    return x.numel() > 0 and has_kernels()


def are_watched(*modules: nn.Module) -> bool:
    """Tell whether these modules or their parts have hooks, or another ``forward``, to be called.

    Hooks of backward passes count: layers after a kernel may have gradients.
    """
    of_all = nn.modules.module
    if any(getattr(of_all, f"_global{hooks}") for hooks in HOOKS):
        return True
    parts = (part for module in modules for part in module.modules())
    return any(
        any(getattr(part, hooks) for hooks in HOOKS) or not REPLACED.isdisjoint(vars(part))
        for part in parts
    )


def has_kernels() -> bool:
    """Tell whether the kernels run here: there is a C++ compiler and it knows this processor."""
    return load_kernels() is not None


def call(kernel: str, *arguments: Tensor | list[Tensor] | int | float | None) -> int:
    """Run a kernel and return what it returns.

    Args:
        kernel: Its name in the library.
        arguments: In its order: contiguous tensors, lists of tensors, None for a null pointer,
            integers of 64 and floating-point numbers of 32 bits.
    """
    kernels = load_kernels()
    assert kernels is not None
    return getattr(kernels, kernel)(*map(_in_c, arguments))


@cache
def load_kernels() -> ctypes.CDLL | None:
    """Compile and load the kernels; None where that fails, which is no error.

    The library is not linked with OpenMP: it takes torch's, so that both share one set of threads.
    """
    compiler = shlex.split(os.environ.get("CXX") or "c++")
    if shutil.which(compiler[0]) is None:
        return None
    try:
        with TemporaryDirectory() as folder:
            sources = sorted(FOLDER.glob("*.cpp"))
            _run(folder, *compiler, *FLAGS, "-c", *sources)
            objects = [source.with_suffix(".o").name for source in sources]
            _run(folder, *compiler, "-shared", *objects, "-o", "kernels.so")
            return ctypes.CDLL(str(Path(folder) / "kernels.so"))
    except (subprocess.SubprocessError, OSError):
        return None


def _run(folder: str, *command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=SECONDS_TO_COMPILE)


def _in_c(argument: Tensor | list[Tensor] | int | float | None) -> object:
    if isinstance(argument, Tensor):
        return ctypes.c_void_p(argument.data_ptr())
    if isinstance(argument, list):
        return (ctypes.c_void_p * len(argument))(*(tensor.data_ptr() for tensor in argument))
    if isinstance(argument, float):
        return ctypes.c_float(argument)
    return ctypes.c_void_p() if argument is None else ctypes.c_int64(argument)
