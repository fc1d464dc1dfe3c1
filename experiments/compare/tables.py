"""Tables of a comparison: every row beside a baseline, and pairs of rows."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from experiments.grid.report.clip_scores import ClipScores
from experiments.grid.report.paired import bootstrap_difference, mcnemar

Pair = tuple[str, str]


def rows_table(
    rows: Mapping[str, ClipScores], baseline: str, choices: Sequence[Pair]
) -> list[tuple[str, ...]]:
    """Write a line for each row: seeds, top-1, difference to the baseline, forced choices.

    Args:
        rows: Scores by row, all of the same clips.
        baseline: One of the rows.
        choices: Pairs of classes. A clip of either is counted as correct if its own class has the
            higher score of the two.

    Returns:
        Cells; the first line is the heading.
    """
    names = [" / ".join(pair) for pair in choices]
    both = ["all pairs"] if len(choices) > 1 else []
    lines = [("network", "seeds", "top-1, %", f"difference to {baseline}", *names, *both)]
    for label, one in rows.items():
        difference = "" if label == baseline else _difference(one, rows[baseline])
        parts = [one.within(pair) for pair in choices]
        cells = [_mean_and_spread(part) for part in parts]
        if both:
            correct = sum(int(part.correct.sum()) for part in parts)
            cells.append(f"{100 * correct / sum(part.correct.size for part in parts):.1f}")
        seeds = " ".join(map(str, one.seeds))
        lines.append((label, seeds, _mean_and_spread(one), difference, *cells))
    return lines


def steps_table(rows: Mapping[str, ClipScores], steps: Sequence[Pair]) -> list[tuple[str, ...]]:
    """Write a line for each pair of rows: the difference, and McNemar's test of each common seed.

    Args:
        rows: Scores by row, all of the same clips.
        steps: Pairs of rows, the one that is expected to be better first.

    Returns:
        Cells; the first line is the heading.
    """
    lines: list[tuple[str, ...]] = [
        ("pair", "difference, points", "McNemar by seed: wins, losses, p")
    ]
    for ours, other in steps:
        one, base = rows[ours], rows[other]
        tests = [
            mcnemar(one.correct[one.seeds.index(seed)], base.correct[base.seeds.index(seed)])
            for seed in one.seeds
            if seed in base.seeds
        ]
        texts = [f"{test.wins}, {test.losses}, {test.p_value:.2g}" for test in tests]
        lines.append((f"{ours} - {other}", _difference(one, base), "; ".join(texts)))
    return lines


def as_markdown(lines: Sequence[tuple[str, ...]]) -> str:
    """Write the lines of a table as Markdown."""
    rows = [lines[0], ("---",) * len(lines[0]), *lines[1:]]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)


def _difference(ours: ClipScores, baseline: ClipScores) -> str:
    found = bootstrap_difference(ours.correct, baseline.correct)
    return f"**{found}**" if found.is_clear else str(found)


def _mean_and_spread(scores: ClipScores) -> str:
    values = [100 * float(one.mean()) for one in scores.correct]
    spread = f" ± {stdev(values):.1f}" if len(values) > 1 else ""
    return f"{fmean(values):.1f}{spread}"
