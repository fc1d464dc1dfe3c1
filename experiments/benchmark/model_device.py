"""The device on which networks are timed: clock, precision and memory.

The code for CUDA has not run on a GPU yet.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from experiments.benchmark.machine import describe_machine
from experiments.benchmark.timing import CLOCKS
from lightning_modules import RunError
from lightning_modules.video_recognizer import in_channels_last
from models.native import has_kernels

DeviceKind = Literal["cpu", "cuda"]
Precision = Literal["fp32", "tf32", "bf16", "fp16"]
DEVICES: tuple[str, ...] = get_args(DeviceKind)
PRECISIONS: tuple[str, ...] = get_args(Precision)
AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}
COMPILATIONS = 256
"""torch compiles a function 8 times and then silently runs it uncompiled; the networks and batch
sizes here share functions."""


@dataclass(frozen=True)
class Device:
    """A device and its settings.

    Attributes:
        kind: ``cpu`` or ``cuda``, the current GPU.
        precision: ``tf32`` is fp32 with rounded inputs of products; bf16 and fp16 use autocast, as
            the Trainer's ``bf16-mixed`` and ``16-mixed`` do.
        channels_last: Whether frames and 2D weights have this memory format, as in training here.
        compiled: Whether networks are compiled by torch.compile.
        clock: ``wall``, or ``cpu`` for the CPU time of this process, on one thread.

    Raises:
        RunError: If there is no such device, or it does not support a setting.
    """

    kind: DeviceKind = "cpu"
    precision: Precision = "fp32"
    channels_last: bool = False
    compiled: bool = False
    clock: str = "wall"

    def __post_init__(self) -> None:
        if self.kind == "cuda" and not torch.cuda.is_available():
            raise RunError("--device cuda: torch finds no GPU here; use --device cpu")
        if self.kind == "cpu" and self.precision in ("tf32", "fp16"):
            raise RunError(f"--precision {self.precision} needs --device cuda")
        if self.clock == "cpu" and self.kind == "cuda":
            raise RunError("--clock cpu does not see a GPU's work; leave it out")
        if self.clock == "cpu" and torch.get_num_threads() > 1:
            raise RunError("--clock cpu adds all threads up; set OMP_NUM_THREADS=1")

    @property
    def on_gpu(self) -> bool:
        """Whether this is a GPU."""
        return self.kind == "cuda"

    def prepare(self) -> None:
        """Set torch's global flags, and let libraries allocate the memory that they keep."""
        if self.compiled:
            import torch._dynamo  # slow to import

            torch._dynamo.config.recompile_limit = COMPILATIONS
            torch._dynamo.config.accumulated_recompile_limit = COMPILATIONS
        if self.on_gpu:
            torch.backends.cudnn.benchmark = True
            torch.backends.cudnn.allow_tf32 = self.precision == "tf32"
            torch.backends.cuda.matmul.allow_tf32 = self.precision == "tf32"
            with self.autocast():
                nn.Linear(8, 8, device=self.kind)(torch.ones(8, 8, device=self.kind))
            torch.cuda.synchronize()

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network to the device, in the memory format."""
        moved = network.to(self.kind)
        return in_channels_last(moved) if self.channels_last else moved

    def compile(self, network: nn.Module) -> Callable[[Tensor], Tensor]:
        """Return the network, or its compiled form in one graph."""
        if not self.compiled:
            return network
        return torch.compile(network, fullgraph=True, dynamic=False)

    def clips(self, batch: int, frames: int, size: int, channels: int = 3) -> Tensor:
        """Make random normalised clips, (B, T, 3, S, S), or features of other channels."""
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        folded = torch.randn(batch * frames, channels, size, size, device=self.kind)
        return folded.contiguous(memory_format=layout).unflatten(0, (batch, frames))

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context of the precision."""
        dtype = AUTOCAST.get(self.precision)
        return torch.autocast(self.kind, dtype=dtype, enabled=dtype is not None)

    def now(self) -> float:
        """Wait for the device, then read the clock in seconds."""
        if self.on_gpu:
            torch.cuda.synchronize()
        return CLOCKS[self.clock]()

    def allocated(self) -> int | None:
        """Return the allocated bytes and reset their peak; None on a CPU."""
        if not self.on_gpu:
            return None
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()

    def peak(self) -> int:
        """Return the peak of allocated bytes since `allocated`, on a GPU."""
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated()

    def release(self) -> None:
        """Free cached memory after running out of it."""
        if self.on_gpu:
            torch.cuda.empty_cache()

    def describe(self) -> dict[str, str]:
        """Describe the machine and the settings."""
        facts = {k: v for k, v in describe_machine("torchvision").items() if k != "av"}
        device = "CPU"
        if self.on_gpu:
            device = (
                f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}, "
                f"cuDNN {torch.backends.cudnn.version()} choosing its fastest algorithms"
            )
        layout = "channels_last" if self.channels_last else "contiguous"
        how = f"{self.precision}, {layout}, {'compiled' if self.compiled else 'not compiled'}"
        if not self.on_gpu:
            facts["kernels of models/native"] = "compiled" if has_kernels() else "no C++ compiler"
        return {"device": device, "computing": f"{how}, {self.clock} clock", **facts}
