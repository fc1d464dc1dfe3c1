"""Measures the temporal modules beside the same modules as public code writes them.

python -m experiments.benchmark modules
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median

import torch
from rich.console import Console
from rich.progress import Progress
from torch import Tensor, nn

from experiments.benchmark.model_device import DEVICES, PRECISIONS, Device
from experiments.benchmark.module_rows import MODULE_ROWS, ModuleRow, Site, share_weights
from experiments.benchmark.tables import Table, show, write_json
from experiments.benchmark.timing import CLOCKS, MS, take_turns
from lightning_modules import RunError

HELP = "the temporal modules beside the usual way to write them"
EPILOG = (
    f"Modules: {', '.join(MODULE_ROWS)}. Times are sums over the blocks of a ResNet-50, channels "
    "last. Both forms have the same weights; their outputs are compared before anything is timed."
)
SMALLEST = 32
KERNEL_STD = 0.5
TOLERANCES = {"fp32": 1e-4, "tf32": 1e-2, "bf16": 3e-2, "fp16": 1e-2}
"""Of the norm of the difference, relative to the output's."""


@dataclass(frozen=True)
class ModuleResult:
    """One module over all its blocks.

    Attributes:
        name: Of the row.
        copy_ms: One read and one write of the inputs: no module with a new output takes less.
        ours_ms: Of `models.blocks`.
        public_ms: Of the usual form.
        difference: Norm of the outputs' difference over the output's norm, the largest of all.
    """

    name: str
    copy_ms: float
    ours_ms: float
    public_ms: float
    difference: float

    @property
    def factor(self) -> float:
        """How many times as long the usual form takes."""
        return self.public_ms / self.ours_ms


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    parser.add_argument("--modules", nargs="+", default=[], metavar="NAME", help="default: all")
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="default: cpu")
    parser.add_argument("--precision", choices=PRECISIONS, default="fp32", help="default: fp32")
    parser.add_argument("--size", type=int, default=224, help="pixels; default: 224")
    parser.add_argument("--frames", type=int, default=8, help="of a clip; default: 8")
    parser.add_argument("--batch", type=int, default=1, help="clips; default: 1")
    parser.add_argument("--train", action="store_true", help="time forward and backward passes")
    parser.add_argument("--repeats", type=int, default=10, help="timed passes; default: 10")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="default: wall")
    parser.add_argument("--json", type=Path, default=None, help="write everything to this file")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")


def run(options: argparse.Namespace, extra: Sequence[str]) -> None:
    """Compare, measure and print.

    Raises:
        RunError: If an argument does not fit, or outputs differ.
    """
    if extra:
        raise RunError(f"unknown arguments {' '.join(extra)}; see modules --help")
    unknown = [name for name in options.modules if name not in MODULE_ROWS]
    if unknown:
        raise RunError(f"--modules {unknown[0]}: choose of {', '.join(MODULE_ROWS)}")
    if options.size < SMALLEST or options.frames < 2 or min(options.batch, options.repeats) < 1:
        raise RunError("--size needs at least 32 pixels, --frames 2, --batch and --repeats 1")
    device = Device(options.device, options.precision, True, False, options.clock)
    device.prepare()
    rows = [r for name, r in MODULE_ROWS.items() if not options.modules or name in options.modules]
    results = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for row in progress.track(rows, description="Timing"):
            results.append(measure_row(row, device, options))
    _report(results, device, options)


def measure_row(row: ModuleRow, device: Device, options: argparse.Namespace) -> ModuleResult:
    """Compare and time one module, block by block.

    Raises:
        RunError: If the outputs of both forms differ.
    """
    sums = {"copy": 0.0, "ours": 0.0, "public": 0.0}
    largest = 0.0
    for site in row.sites:
        ours, public = make_both(row, site, device, options.frames)
        frames = options.batch * options.frames
        x = device.clips(1, frames, options.size // site.stride, site.channels).flatten(0, 1)
        difference = compare(ours, public, x, device)
        if not difference <= TOLERANCES[options.precision]:
            raise RunError(f"{row.label}, {site.channels} channels: outputs differ, {difference}")
        largest = max(largest, difference)
        jobs: Mapping[str, Callable[[], object]] = {
            "copy": x.clone,
            "ours": partial(_pass, ours, x, device, options.train),
            "public": partial(_pass, public, x, device, options.train),
        }
        take_turns(jobs, 1)  # untimed
        for name, seconds in take_turns(jobs, options.repeats, device.now).items():
            sums[name] += MS * site.blocks * median(seconds)
    return ModuleResult(row.name, sums["copy"], sums["ours"], sums["public"], largest)


def make_both(
    row: ModuleRow, site: Site, device: Device, frames: int
) -> tuple[nn.Module, nn.Module]:
    """Make both forms for a site, with the same weights away from their beginnings."""
    ours, public = row.ours(site.channels, frames), row.public(site.channels, frames)
    for name, parameter in ours.named_parameters():
        if parameter.ndim == 4 and parameter.shape[2:] == (3, 1):  # temporal kernels, not a shift
            nn.init.normal_(parameter, std=KERNEL_STD)
        assert name in dict(public.named_parameters())
    share_weights(ours, public)
    return device.place(ours).eval(), device.place(public).eval()


def compare(ours: nn.Module, public: nn.Module, x: Tensor, device: Device) -> float:
    """Give the norm of the outputs' difference, relative to the output's norm."""
    with torch.inference_mode(), device.autocast():
        expected, actual = public(x).float(), ours(x).float()
    return float((expected - actual).norm() / expected.norm())


def _pass(module: nn.Module, x: Tensor, device: Device, train: bool) -> None:
    if not train:
        with torch.inference_mode(), device.autocast():
            module(x)
        return
    inputs = x.detach().requires_grad_()
    with device.autocast():
        output = module(inputs)
    output.backward(output.detach())
    module.zero_grad(set_to_none=True)


def module_table(results: Sequence[ModuleResult], options: argparse.Namespace) -> Table:
    """Show times and factors."""
    rows = [
        [
            MODULE_ROWS[result.name].label,
            *(f"{ms:.1f}" for ms in (result.copy_ms, result.ours_ms, result.public_ms)),
            f"{result.factor:.1f}",
            f"{result.difference:.0e}",
        ]
        for result in results
    ]
    passes = "forward and backward" if options.train else "forward"
    title = (
        f"Modules of a ResNet-50, {passes}: {options.batch} x {options.frames} frames of "
        f"{options.size} px"
    )
    headings = ["module", "one copy, ms", "ours, ms", "usual form, ms", "factor", "difference"]
    notes = [
        "Sums over the blocks; medians. One copy reads and writes the modules' inputs once, the "
        "least that a module with a new output takes. Difference: of the outputs, relative."
    ]
    return Table(title, headings, rows, notes)


def _report(results: Sequence[ModuleResult], device: Device, options: argparse.Namespace) -> None:
    facts = device.describe()
    if options.json:
        rows = [{**asdict(result), "factor": result.factor} for result in results]
        names = ("device", "precision", "size", "frames", "batch", "train", "repeats", "clock")
        conditions = {name: getattr(options, name) for name in names}
        write_json(options.json, {"machine": facts, "conditions": conditions, "rows": rows})
    table = module_table(results, options)
    show(facts, [table], notes=[], markdown=options.markdown, file=options.json)
