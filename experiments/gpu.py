"""Tests and measures on a GPU: make gpu. Each result is written to docs/results/ when it is there.

This file imports no package before it has looked for all of them, so that it can name what a
machine lacks. It has not run on a GPU yet: the seconds of its steps are estimates.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

REPOSITORY = Path(__file__).parent.parent
RESULTS = Path("docs/results")
REPORT = "efficiency_gpu.md"
MINUTES = 9.5
MODULES = {"pytorch-lightning": "pytorch_lightning", "PyYAML": "yaml", "pillow": "PIL"}
"""Requirements whose module has another name."""

NOT_NEEDED = ("submitit", "pytest-xdist", "ruff", "mypy")
EIGHT = ("torchvision-8", "tsn-8", "tsm-8", "tim-8", "teinet-8", "stm-8", "tsn-cti-8", "tsinet-8")
LONGER = (
    *("tsn-8", "tsm-16", "tim-16", "teinet-16", "stm-16", "tsn-cti-16", "tsinet-16"),
    *("eco-16", "i3d-32"),
)
COMPILED = ("tsn-8", "teinet-8", "tsinet-8")
SHAPES = (
    *("--data.train_videos=64", "--data.val_videos=8", "--data.test_videos=8"),
    *("--data.video_size=256", "--data.short_side=256", "--data.crop_size=224"),
    *("--data.batch_size=16", "--model.network.backbone=resnet50"),
    "--trainer.precision=bf16-mixed",
)


@dataclass(frozen=True)
class Step:
    """One program and the section of the report that its output makes.

    Attributes:
        name: In file names.
        title: The section's.
        arguments: Of Python.
        seconds: What it is expected to take; it does not start with less time left.
        limit: Seconds after which it is stopped.
        writes_json: Whether it takes ``--json <file>``.
    """

    name: str
    title: str
    arguments: Sequence[str]
    seconds: int
    limit: int
    writes_json: bool = True

    def command(self, results: Path) -> list[str]:
        """Give the whole command; ``{folder}`` in it stands for a folder of data that do not stay.

        Args:
            results: Where JSON goes.
        """
        file = results / f"efficiency_gpu_{self.name}.json"
        return ["python", *self.arguments, *([f"--json={file}"] if self.writes_json else [])]

    def section(self, results: Path, outcome: str) -> str:
        """Write the section of the report."""
        said = outcome if self.writes_json else f"```text\n{outcome}\n```"
        return f"## {self.title}\n\n```bash\n{shlex.join(self.command(results))}\n```\n\n{said}"


def table(
    name: str, title: str, rows: Sequence[str], *flags: str, seconds: int, limit: int
) -> Step:
    """Make the step of an efficiency table, with latency at batch 1 and throughput at 16."""
    module = ("-m", "experiments.benchmark", "model", "--device", "cuda", "--channels_last")
    common = ("--markdown", "--rows", *rows)
    return Step(name, title, (*module, *flags, *common), seconds, limit)


def plan() -> list[Step]:
    """List the steps, those first whose results matter most."""
    marked = sorted(
        str(file.relative_to(REPOSITORY))
        for file in (REPOSITORY / "tests").rglob("test_*.py")
        if "mark.gpu" in file.read_text()
    )
    pytest = ("-m", "pytest", "-m", "gpu", "-q", "-rs", "-p", "no:cacheprovider", *marked)
    shapes = ("--data.root={folder}/shapes", "--data.index_dir={folder}/index", *SHAPES)
    fit = ("-m", "experiments.benchmark", "fit", "--config", "experiments/demo.yaml", "--markdown")
    bf16, train = ("--precision", "bf16"), "--train"
    twenty, ten = ("--repeats", "20"), ("--repeats", "10")
    return [
        Step("tests", "Tests", pytest, 90, 200, writes_json=False),
        table("bf16", "8 frames, bf16", EIGHT, *bf16, train, *twenty, seconds=80, limit=160),
        table("bf16_long", "16 frames, ECO, I3D, bf16", LONGER, *bf16, train, *ten,
              seconds=90, limit=180),
        table("fp32", "8 frames, fp32 as in the papers", EIGHT, *ten, seconds=40, limit=120),
        Step("fit", "train.py fit, end to end", (*fit, *shapes), 50, 120),
        table("compiled", "8 frames, bf16, compiled", COMPILED, *bf16, "--compile", *twenty,
              seconds=100, limit=240),
        table("compiled_train", "8 frames, bf16, compiled, with training", COMPILED[:2], *bf16,
              "--compile", train, "--batch", "1", *twenty, seconds=100, limit=300),
    ]  # fmt: skip


def main(args: Sequence[str] | None = None) -> int:
    """Run all steps.

    Returns:
        The exit status: 1 if there is no GPU, or a step failed.
    """
    parser = argparse.ArgumentParser(prog="python -m experiments.gpu", description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"default: {MINUTES}")
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: docs/results")
    parser.add_argument("--dry-run", action="store_true", help="print the steps; needs no GPU")
    options = parser.parse_args(args)
    steps = plan()
    if options.dry_run:
        _print_plan(steps, options.minutes, options.results)
        return 0
    if lack := find_lack():
        print(f"error: {lack}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # which ends the step, too
    with TemporaryDirectory() as folder:
        return run_steps(steps, 60 * options.minutes, options.results, Path(folder))


def find_lack() -> str:
    """Say what this machine lacks; "" for nothing."""
    if find_spec("torch") is None:
        return f"{sys.executable} has no torch; name a Python that has: make gpu PYTHON=python3"
    import torch

    if not torch.cuda.is_available():
        return "make gpu needs a GPU, and torch finds none here; make test runs all other tests"
    missing = [name for name in _requirements() if find_spec(MODULES.get(name, name)) is None]
    if missing:
        return (
            f"{sys.executable} lacks {', '.join(missing)}; install their wheels, without a network "
            "by pip install --no-index --find-links <folder of wheels>"
        )
    return ""


def _requirements() -> list[str]:
    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    names = [line.partition("==")[0].partition("[")[0] for line in lines if "==" in line]
    return [name for name in names if not name.startswith("#") and name not in NOT_NEEDED]


def run_steps(steps: Sequence[Step], seconds: float, results: Path, folder: Path) -> int:
    """Run steps while time is left; write the report after each one.

    Args:
        steps: In this order.
        seconds: For all together.
        results: Where the report and the JSON go.
        folder: For data that do not stay.

    Returns:
        1 if a step failed or was stopped, else 0.
    """
    start, sections, failed = monotonic(), [_introduction()], False
    results.mkdir(parents=True, exist_ok=True)
    for number, step in enumerate(steps, start=1):
        left = seconds - (monotonic() - start)
        if left < step.seconds:
            outcome = f"Not run: {left:.0f} s were left, it takes about {step.seconds} s."
        else:
            limit = min(step.limit, left)
            print(f"[{number}/{len(steps)}] {step.title}, at most {limit:.0f} s", flush=True)
            command = [part.replace("{folder}", str(folder)) for part in step.command(results)]
            outcome, ok = _execute([sys.executable, *command[1:]], limit)
            failed = failed or not ok
        print(outcome, flush=True)
        sections.append(step.section(results, outcome))
        (results / REPORT).write_text("\n\n".join(sections) + "\n")
    print(f"{monotonic() - start:.0f} s; results: {results / REPORT}")
    return int(failed)


def _execute(command: Sequence[str], limit: float) -> tuple[str, bool]:
    """Run a program; give its output, and whether it succeeded in time."""
    begin = monotonic()
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        output, _ = process.communicate(timeout=limit)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)  # its own children, too
        process.wait()
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
        return f"Stopped after {limit:.0f} s, without a result.", False
    took = f"It took {monotonic() - begin:.0f} s."
    if process.returncode:
        return f"{output.strip()}\n\n**Failed** with status {process.returncode}. {took}", False
    return f"{output.strip()}\n\n{took}", True


def _introduction() -> str:
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    commit = described.stdout.strip() or "unknown"
    return f"# Efficiency on a GPU\n\nWritten by `make gpu`, at commit {commit}."


def _print_plan(steps: Sequence[Step], minutes: float, results: Path) -> None:
    for number, step in enumerate(steps, start=1):
        print(f"[{number}/{len(steps)}] {step.title}: about {step.seconds} s, at most {step.limit}")
        print(f"    {shlex.join(step.command(results))}")
    expected = sum(step.seconds for step in steps)
    print(f"about {expected} s of at most {60 * minutes:.0f} s; a step starts only if it fits")
    print(f"report: {results / REPORT}, written after each step")


if __name__ == "__main__":
    sys.exit(main())
