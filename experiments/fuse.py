"""Adds the scores of several prediction files of the same videos, such as 16 + 8 frames.

python -m experiments.fuse runs/a/predictions/val_1x1.pt runs/b/predictions/val_1x1.pt
"""

import argparse
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from datamodules.prepare.parser import OneLineParser
from datamodules.user_path import absolute_path, path_argument
from experiments.cli.user_errors import user_errors
from experiments.submission import Version, submission_lines
from lightning_modules import RunError
from lightning_modules.checkpoints.atomic_write import atomic_write
from lightning_modules.checkpoints.origin import Origin
from lightning_modules.checkpoints.prediction_files import (
    KEY,
    origin_of,
    refuse_outdated,
    write_table,
)
from lightning_modules.counted import counted_videos
from lightning_modules.metrics import label_ranks, means_top5

Kind = Literal["logits", "softmax"]
NO_LABELS = "these videos have no labels, so there is no accuracy"
KEYS = {"paths", "labels", "scores", "class_names"}


@dataclass(frozen=True)
class Scores:
    """Scores of n videos for K classes.

    Attributes:
        paths: The videos.
        labels: Their classes, (n,), -1 where unknown.
        scores: Logits, or sums of probabilities after fusing with ``softmax``, (n, K).
        class_names: The classes.
    """

    paths: list[str]
    labels: Tensor
    scores: Tensor
    class_names: list[str]

    @property
    def counted(self) -> int:
        """Return the number of videos with a label."""
        return int((self.labels >= 0).sum())

    def accuracy(self, k: int) -> float:
        """Compute the top-k accuracy of the labelled videos, 0-1.

        Raises:
            RunError: If no video has a label.
        """
        known = self.labels >= 0
        if not self.counted:
            raise RunError(NO_LABELS)
        ranks = label_ranks(self.scores[known], self.labels[known])
        return float((ranks < min(k, len(self.class_names))).float().mean())


def read_scores(file: Path) -> Scores:
    """Read a prediction file.

    Raises:
        RunError: If it is missing or not a prediction file, a score is not finite, or the
            checkpoint of its run folder holds other weights by now.
    """
    if not file.is_file():
        raise RunError(f"{file}: no such file; python train.py predict writes predictions/*.pt")
    try:
        table: Any = torch.load(file, weights_only=True, map_location="cpu")
    except Exception:
        table = None
    if not isinstance(table, dict) or not table.keys() >= KEYS or not _fits_together(table):
        raise RunError(f"{file}: not a prediction file; python train.py predict writes them")
    refuse_outdated(file)
    finite = table["scores"].isfinite().all(dim=1)
    if not finite.all():
        path = table["paths"][int(finite.int().argmin())]
        raise RunError(
            f"{file}: has scores that are not finite, the first for {path}; predict again with "
            "another checkpoint or with --trainer.precision 32-true"
        )
    return Scores(**{key: table[key] for key in KEYS})


def _fits_together(table: dict[str, Any]) -> bool:
    """Return whether every video has one label and one score per class."""
    paths, names = table["paths"], table["class_names"]
    if not (isinstance(paths, list) and isinstance(names, list) and paths and names):
        return False
    shapes = {"labels": (len(paths),), "scores": (len(paths), len(names))}
    return all(
        isinstance(table[key], Tensor) and table[key].shape == shape
        for key, shape in shapes.items()
    )


def fuse_files(
    files: Sequence[Path], weights: Sequence[float] | None = None, kind: Kind = "logits"
) -> Scores:
    """Add the scores of the same videos.

    Args:
        files: Prediction files.
        weights: The files' weights; None for equal ones.
        kind: Whether ``logits`` or ``softmax`` probabilities are added (**papers leave open**).

    Raises:
        RunError: If they are not of the same videos, classes and labels.
    """
    tables = [read_scores(file) for file in files]
    first = tables[0]
    order = {path: row for row, path in enumerate(first.paths)}
    fused = torch.zeros_like(first.scores, dtype=torch.float64)
    # Earlier versions wrote relative paths where they were given such.
    places = {os.path.abspath(path): path for path in first.paths}
    for file, table, weight in zip(files, tables, weights or [1.0] * len(files), strict=True):
        table.paths[:] = [places.get(os.path.abspath(path), path) for path in table.paths]
        _require_same(files[0], first, file, table)
        rows = torch.tensor([order[path] for path in table.paths])
        scores = table.scores.double()
        if kind == "softmax":
            scores = scores.softmax(dim=1)
        fused[rows] += weight * scores
    return Scores(first.paths, first.labels, fused, first.class_names)


def _require_same(first_file: Path, first: Scores, file: Path, table: Scores) -> None:
    if table.class_names != first.class_names:
        raise RunError(f"{file}: has other classes than {first_file}, or in another order")
    if len(set(table.paths)) < len(table.paths):
        raise RunError(f"{file}: has a video twice")
    if odd := set(table.paths) ^ set(first.paths):
        raise RunError(
            f"{file} and {first_file}: only one of them has {min(odd)}; predict the same split"
        )
    labels = dict(zip(first.paths, first.labels.tolist(), strict=True))
    for path, label in zip(table.paths, table.labels.tolist(), strict=True):
        if label != labels[path]:
            raise RunError(f"{file} and {first_file}: differ in the label of {path}")


def refuse_mixed_protocols(files: Sequence[Path]) -> None:
    """Refuse files of different test protocols, whose accuracy would belong to none of them.

    Files of older versions do not state their protocol, and are not compared.

    Raises:
        RunError: If two files state different protocols.
    """
    stated = {file: protocol for file in files if (protocol := _protocol(file))}
    for file, protocol in stated.items():
        first, expected = next(iter(stated.items()))
        if protocol != expected:
            raise RunError(
                f"{file} is of protocol {protocol}, {first} of {expected}: predict with one "
                "--data.protocol, or add --mixed-protocols"
            )


def fused_origin(files: Sequence[Path]) -> Origin:
    """Describe fused scores by what the origins of all files share, such as their protocol.

    The protocol of files of different ones, which were fused on demand, is all of theirs: such as
    ``10x3+1x1``.
    """
    origins = [origin_of(file) or {} for file in files]
    shared: Origin = {
        key: origins[0][key]
        for key in ("data", "split", "list")
        if key in origins[0] and all(origin.get(key) == origins[0][key] for origin in origins)
    }
    protocols = dict.fromkeys(one["protocol"] for one in origins if "protocol" in one)
    return {**shared, **({"protocol": "+".join(protocols)} if protocols else {})}


def _protocol(file: Path) -> str | None:
    return (origin_of(file) or {}).get("protocol")


def main(args: list[str] | None = None) -> None:
    """Fuse the files, write the requested files, and print the accuracy.

    Raises:
        RunError: If an option or a file is wrong, before anything is written or printed; if a
            file cannot be written.
    """
    options = _read_arguments(args)
    _check(options)
    if not options.mixed_protocols:
        refuse_mixed_protocols(options.files)
    if options.mean:
        _print_means([read_scores(file) for file in options.files])
        return
    fused = fuse_files(options.files, options.weights, options.kind)
    if not (fused.counted or options.output or options.submission):
        raise RunError(f"{NO_LABELS}; add --output or --submission to keep the fused scores")
    if options.submission:
        version, file = options.submission
        lines = submission_lines(**vars(fused), version=version)
        atomic_write(file, "".join(f"{line}\n" for line in lines))
        print(f"{file}: {counted_videos(len(lines))}")
    if options.output:
        write_table(options.output, {**vars(fused), KEY: fused_origin(options.files)})
        print(f"{options.output}: {counted_videos(len(fused.paths))}")
    if fused.counted:
        top1, top5 = (100 * fused.accuracy(k) for k in (1, 5))
        shown = f"{top5:.2f} %" if means_top5(len(fused.class_names)) else "n/a"
        print(f"top-1 {top1:.2f} %, top-5 {shown}, {counted_videos(fused.counted)}")


def _check(options: argparse.Namespace) -> None:
    """Check that the options fit together and fit the files."""
    for name in ("output", "submission", "weights"):
        if options.mean and getattr(options, name) is not None:
            raise RunError(
                f"--{name}: cannot be used with --mean, which fuses nothing; leave out one of them"
            )
    if options.weights and len(options.weights) != len(options.files):
        raise RunError(f"--weights: {len(options.weights)} for {len(options.files)} files")
    if not all(map(math.isfinite, options.weights or ())):
        raise RunError(f"--weights {' '.join(map(str, options.weights))}: must be finite")
    if not options.submission:
        return
    version, file = options.submission[0], absolute_path(options.submission[1], "--submission")
    if version not in get_args(Version):
        raise RunError(f"--submission {version}: write v1 or v2, then the file")
    options.submission = (version, file)
    if options.output and file.resolve() == options.output.resolve():
        raise RunError(f"--output and --submission: both are {file}; choose two places")


def _print_means(tables: Sequence[Scores]) -> None:
    for k in (1, 5) if all(means_top5(len(one.class_names)) for one in tables) else (1,):
        shares = [table.accuracy(k) for table in tables]
        single = ", ".join(f"{100 * share:.2f}" for share in shares)
        print(f"top-{k} {100 * fmean(shares):.2f} %, the mean of {single}")


def _read_arguments(args: list[str] | None) -> argparse.Namespace:
    parser = OneLineParser(prog="python -m experiments.fuse", description=__doc__)
    parser.add_argument(
        "files", nargs="+", type=path_argument, help="predictions/*.pt of the same videos"
    )
    parser.add_argument(
        "--weights", type=float, nargs="+", help="weights of the files; default: equal"
    )
    parser.add_argument(
        "--kind", choices=get_args(Kind), default="logits", help="the scores to add"
    )
    parser.add_argument(
        "--mean",
        action="store_true",
        help="fuse nothing: the mean accuracy of files of different videos, such as three splits",
    )
    parser.add_argument(
        "--mixed-protocols",
        action="store_true",
        help="fuse files of different test protocols, such as 1x1 and 10x3; default: refuse",
    )
    parser.add_argument(
        "--output", type=path_argument, help="write the fused scores here, as a .pt"
    )
    parser.add_argument(
        "--submission",
        nargs=2,
        metavar=("v1|v2", "FILE"),
        help="write a file for the test server of Something-Something V1 or V2",
    )
    return parser.parse_args(args)


if __name__ == "__main__":
    with user_errors():
        main()
