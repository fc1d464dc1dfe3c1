"""torch.compile of the network, in training and in evaluation."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from time import perf_counter, time_ns
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_info
from torch import nn

from lightning_modules.errors import RunError


class Compilation(Callback):
    """Compiles a module's ``network`` in place and prints how long the first batch took.

    The whole network is one unit: compiling block by block took as long and made slower code (a
    TEINet-18 on a CPU). Each shape of clips is compiled on its own (``dynamic=False``), so that the
    result does not depend on which shape came first, and a resumed fit equals the uninterrupted
    one. The network keeps its class and the names of its parameters.

    torch ignores hooks that are added to a compiled network, so a batch with new hooks, such as
    those of `lightning_modules.tensorboard`, runs uncompiled.
    """

    def __init__(self) -> None:
        self._hooks = 0
        self._announced: set[str] = set()
        self._start = 0.0
        self._is_compiled = False

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Mark the network; torch compiles it at its first call."""
        network: Any = pl_module.network
        self._hooks = _count_hooks(network)
        network.compile(dynamic=False)

    @contextmanager
    def uncompiled_if_hooked(self, network: nn.Module) -> Iterator[None]:
        """Run uncompiled inside this context if the network has got hooks since `setup`."""
        self._is_compiled = _count_hooks(network) == self._hooks
        with nullcontext() if self._is_compiled else torch.compiler.set_stance("force_eager"):
            yield

    def start_clock(self, *args: Any, **kwargs: Any) -> None:
        """Start the clock at a batch."""
        self._start = perf_counter()

    def announce(self, trainer: Trainer, *args: Any, **kwargs: Any) -> None:
        """Print the time of the first compiled batch of fit, validation, test or prediction."""
        stage = trainer.state.stage
        if stage is None or stage in self._announced or not self._is_compiled:
            return
        self._announced.add(stage)
        seconds = perf_counter() - self._start
        rank_zero_info(f"torch.compile: the first {stage.value} batch took {seconds:.1f} s")

    on_train_batch_start = on_validation_batch_start = start_clock
    on_test_batch_start = on_predict_batch_start = start_clock
    on_train_batch_end = on_validation_batch_end = announce
    on_test_batch_end = on_predict_batch_end = announce


def require_compiler(device: torch.device) -> None:
    """Compile one addition, before any long work.

    Raises:
        RunError: If this machine cannot compile for the device.
    """
    # A constant that no cache has seen: a cached result would need no compiler.
    constant = float(time_ns() % 1_000_000_007)
    try:
        torch.compile(lambda x: x + constant, dynamic=False)(torch.zeros(8, device=device))
    except Exception as error:  # dynamo, inductor, Triton and compilers each raise their own kinds
        raise RunError(
            f"model.compile=true: torch cannot compile for {device} here ({_reason(error)}); "
            "install a C++ compiler such as g++ (and, for a GPU, Triton), or give false"
        ) from error


def _reason(error: BaseException) -> str:
    """Give the first line of what went wrong, without dynamo's wrapping."""
    inner = getattr(error, "inner_exception", None) or error
    line = next(iter(str(inner).strip().splitlines()), "")
    return f"{type(inner).__name__}: {line}".rstrip(": .")


def _count_hooks(network: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in network.modules())
