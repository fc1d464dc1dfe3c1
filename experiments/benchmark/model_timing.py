"""Measures time and memory of forward passes and training steps; the networks take turns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from experiments.benchmark.model_device import Device
from experiments.benchmark.model_rows import NUM_CLASSES
from experiments.benchmark.timing import take_turns
from lightning_modules import RunError

OUT_OF_MEMORY = "out of memory"
LEARNING_RATE = 1e-6
"""Labels are random, so the weights hardly change. No time depends on it."""


class Plan(NamedTuple):
    """Numbers of passes.

    Attributes:
        warmup: Untimed passes of a network before its first turn.
        repeats: Timed passes of each.
    """

    warmup: int
    repeats: int


@dataclass(frozen=True)
class Measured:
    """The measurements of one kind of pass of one network.

    Attributes:
        batch: Clips of a pass.
        seconds: Seconds, one per repetition; empty if it failed.
        peak_bytes: Peak memory of network, input and activations; None on a CPU, where it is not
            measured.
        failure: The reason why there is no time.
    """

    batch: int
    seconds: list[float] = field(default_factory=list)
    peak_bytes: int | None = None
    failure: str = ""

    def quartiles(self) -> tuple[float, float, float] | None:
        """Return lower quartile, median, upper quartile in seconds; None without measurements."""
        if not self.seconds:
            return None
        if len(self.seconds) == 1:
            return self.seconds[0], self.seconds[0], self.seconds[0]
        lower, _, upper = quantiles(self.seconds, n=4, method="inclusive")
        return lower, median(self.seconds), upper


class Pass:
    """Runs a network forward.

    Args:
        network: The network, on the device.
        clips: (B, T, 3, S, S).
        device: The device.
    """

    def __init__(self, network: nn.Module, clips: Tensor, device: Device) -> None:
        self.network = network.eval()
        self.clips = clips
        self.device = device
        self.call = device.compile(network)

    def __call__(self) -> None:
        """Run once."""
        with torch.inference_mode(), self.device.autocast():
            self.call(self.clips)


class TrainingStep(Pass):
    """Runs a network forward and backward and steps with SGD, momentum 0.9."""

    def __init__(self, network: nn.Module, clips: Tensor, device: Device) -> None:
        super().__init__(network, clips, device)
        network.train()
        self.labels = torch.randint(NUM_CLASSES, (len(clips),), device=clips.device)
        self.optimizer = torch.optim.SGD(
            network.parameters(), LEARNING_RATE, momentum=0.9, weight_decay=5e-4
        )
        self.scaler = torch.amp.GradScaler(device.kind, enabled=device.precision == "fp16")

    def __call__(self) -> None:
        """Make one step; gradients are freed, so that other networks can use the memory."""
        try:
            with self.device.autocast():
                loss = F.cross_entropy(self.call(self.clips), self.labels)
            self.scaler.scale(loss).backward()
            self.scaler.step(self.optimizer)
            self.scaler.update()
        finally:  # also after running out of memory
            self.optimizer.zero_grad(set_to_none=True)


def measure(
    makers: Mapping[str, Callable[[], Pass]],
    batch: int,
    device: Device,
    plan: Plan,
    advance: Callable[[], object],
) -> dict[str, Measured]:
    """Warm up each network and measure its memory, then time all of them in turns.

    Args:
        makers: Makers of passes by row; the passes are kept until all timing is done.
        batch: Clips of a pass.
        device: The device.
        plan: Numbers of passes.
        advance: Called at each pass, for a progress bar.

    Raises:
        RunError: If a network does not compile, or memory runs out while timing.
    """
    jobs: dict[str, Pass] = {}
    peaks: dict[str, int | None] = {}
    for name, maker in makers.items():
        try:
            jobs[name], peaks[name] = _warm_up(maker, device, plan, advance)
        except torch.OutOfMemoryError:
            pass
        except Exception as error:
            raise _explained(error, name, device) from error
        if name not in jobs:
            device.release()

    seconds = _take_turns(jobs, device, plan, advance)
    return {
        name: Measured(batch, seconds[name], peaks[name])
        if name in jobs
        else Measured(batch, failure=OUT_OF_MEMORY)
        for name in makers
    }


def _warm_up(
    maker: Callable[[], Pass], device: Device, plan: Plan, advance: Callable[[], object]
) -> tuple[Pass, int | None]:
    """Run a network's first passes, then one to measure its peak memory."""
    before = device.allocated()
    job = maker()
    for _ in range(plan.warmup):
        job()
        advance()
    if before is None:
        return job, None
    device.allocated()  # compiling and choosing algorithms are not counted
    job()
    return job, device.peak() - before + bytes_of(job.network)


def _take_turns(
    jobs: Mapping[str, Pass], device: Device, plan: Plan, advance: Callable[[], object]
) -> dict[str, list[float]]:
    def before(name: str) -> None:
        advance()
        if device.on_gpu:  # the caches hold data of another network
            jobs[name]()

    try:
        return take_turns(jobs, plan.repeats, device.now, before)
    except torch.OutOfMemoryError as error:
        raise RunError("out of GPU memory; measure fewer --rows or a smaller batch") from error


def bytes_of(network: nn.Module) -> int:
    """Sum the bytes of parameters and buffers, which were on the device before."""
    tensors = [*network.parameters(), *network.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _explained(error: Exception, name: str, device: Device) -> Exception:
    if not device.compiled:
        return error
    from torch._dynamo.exc import TorchDynamoException

    if not isinstance(error, TorchDynamoException):
        return error
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    return RunError(f"--compile fails at {name}: {reason}")
