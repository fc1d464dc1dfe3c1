r"""Compares the rows of a grid whose runs have saved predictions.

python -m experiments.compare real_utd_mhad --steps TSM:TSN TIM:TSM \
    --choices swipe_left:swipe_right --output docs/results/real_utd_mhad.md
"""

import argparse
import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from matplotlib.figure import Figure

from datamodules.clips.protocols import get_protocol
from datamodules.prepare.parser import OneLineParser
from datamodules.user_path import path_argument
from experiments.cli.user_errors import user_errors
from experiments.compare.pictures import draw_choices, draw_curves, read_curve
from experiments.compare.tables import Pair, rows_table, steps_table
from experiments.grid.grid_file import find_grid, read_grid
from experiments.grid.report.clip_scores import ClipScores, read_clip_scores
from experiments.grid.runs import row_runs
from experiments.grid.table import Grid
from experiments.markdown_table import markdown_table
from lightning_modules import RunError
from lightning_modules.checkpoints.atomic_write import atomic_write

LEGEND = (
    "Mean ± standard deviation over the seeds. Differences are in points of top-1, with the 95 % "
    "interval of a bootstrap over test clips and seeds, and bold where it excludes 0."
)
CHOICES_LEGEND = (
    "A pair of classes is a forced choice: the clips of both, decided by the higher of their two "
    "scores; chance is 50 %."
)

ALLOWED = " +,()="
"""Signs of labels that stay in the names of pictures; others, such as ``/``, become ``%2F``."""


def main(arguments: list[str] | None = None) -> None:
    """Write the comparison as Markdown, and its pictures beside it.

    Raises:
        RunError: If an option is wrong, a row or class is unknown, nothing can be compared yet, or
            a file cannot be written.
    """
    options = _parser().parse_args(arguments)
    grid = read_grid(find_grid(options.grid))
    protocol = options.protocol or next(iter(grid.rows.values())).protocols[0]
    get_protocol(protocol)
    options.baseline = options.baseline or grid.baseline
    known = [label for label, row in grid.rows.items() if not row.quoted]
    _check(options, grid, known)
    found = {
        label: read_clip_scores(grid, grid.rows[label], protocol, options.runs) for label in known
    }
    rows = {label: scores for label, scores in found.items() if scores is not None}
    if options.baseline not in rows:
        raise RunError(f"{grid.file}: the row {options.baseline} has no predictions yet")
    _require_same_clips(rows)
    missing = [label for label in known if label not in rows]
    text = _text(grid, protocol, rows, missing, options)
    if options.output is None:
        print(text)
        return
    atomic_write(options.output, text)
    _write_pictures(grid, rows, options)


def _check(options: argparse.Namespace, grid: Grid, known: Sequence[str]) -> None:
    """Check the options, before any predictions are read."""
    if not options.baseline:
        raise RunError(f"{grid.file}: names no baseline; give one of its rows as --baseline")
    in_steps = [label for pair in options.steps for label in pair]
    for label in (options.baseline, *in_steps, *options.confusion):
        if label not in known:
            raise RunError(f"{grid.file}: has no row {label} to compare; it has {', '.join(known)}")
    if options.confusion and not (options.choices and options.output):
        raise RunError(
            "--confusion: draws the classes of --choices beside the file of --output; add both"
        )


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="python -m experiments.compare",
        description="Compare the rows of a grid by their predictions, clip by clip.",
    )
    parser.add_argument("grid", help="a grid with predictions: true, by its name or file")
    parser.add_argument("--runs", type=path_argument, default=Path("runs"), help="default: runs")
    parser.add_argument("--baseline", metavar="ROW", help="default: the grid's baseline")
    parser.add_argument("--protocol", help="default: the grid's first")
    for name, what in (
        ("steps", "pairs of rows to test, the one expected to be better first"),
        ("choices", "pairs of classes whose clips are also decided between the two alone"),
    ):
        parser.add_argument(
            f"--{name}", type=_pair, nargs="+", default=[], metavar="A:B", help=what
        )
    parser.add_argument(
        "--confusion",
        nargs="+",
        default=[],
        metavar="ROW",
        help="rows whose confusion between the classes of --choices is drawn; needs --output",
    )
    parser.add_argument(
        "--output", type=path_argument, help="a Markdown file; default: the terminal, no pictures"
    )
    return parser


def _pair(text: str) -> Pair:
    first, colon, second = text.partition(":")
    if not (first and colon and second):
        raise argparse.ArgumentTypeError(f"{text}: write two names as A:B")
    return first, second


def _require_same_clips(rows: Mapping[str, ClipScores]) -> None:
    first = next(iter(rows))
    for label, scores in rows.items():
        if scores.paths != rows[first].paths:
            raise RunError(
                f"rows {first} and {label} predicted other clips; delete the runs of one list"
            )


def _text(
    grid: Grid,
    protocol: str,
    rows: Mapping[str, ClipScores],
    missing: Sequence[str],
    options: argparse.Namespace,
) -> str:
    one = rows[options.baseline]
    classes = len(one.class_names)
    parts = [
        f"# {grid.title}",
        f"{len(one.paths):,} test clips, {classes} classes, protocol `{protocol}`. {LEGEND}"
        + (f" {CHOICES_LEGEND}" if options.choices else ""),
        _as_markdown(rows_table(rows, options.baseline, options.choices)),
    ]
    steps = [pair for pair in options.steps if set(pair) <= set(rows)]
    if steps:
        parts.append(_as_markdown(steps_table(rows, steps)))
    if missing:
        parts.append(f"No predictions yet: {', '.join(missing)}.")
    return "\n\n".join(parts) + "\n"


def _as_markdown(lines: Sequence[Sequence[str]]) -> str:
    return markdown_table(lines[0], lines[1:])


def _write_pictures(
    grid: Grid, rows: Mapping[str, ClipScores], options: argparse.Namespace
) -> None:
    stem = options.output.with_suffix("")
    curves = {}
    for label, scores in rows.items():
        folders = [
            run.run_dir
            for seed in scores.seeds
            for run in row_runs(grid, grid.rows[label], seed, options.runs)
        ]
        lines = [curve for folder in folders if (curve := read_curve(folder))]
        if lines:
            curves[label] = lines
    if curves:
        _save(draw_curves(curves), f"{stem}_curves.png")
    classes = [name for pair in options.choices for name in pair]
    for label in options.confusion:
        if label in rows:
            name = quote(label, safe=ALLOWED)
            _save(draw_choices(rows[label], classes), f"{stem}_confusion_{name}.png")


def _save(figure: Figure, file: str) -> None:
    content = io.BytesIO()
    figure.savefig(content, format="png")
    atomic_write(Path(file), content.getbuffer())


if __name__ == "__main__":
    with user_errors():
        main(sys.argv[1:])
