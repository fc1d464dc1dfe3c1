"""Remarks below a table: notes of rows, flags of runs."""

from collections.abc import Callable, Sequence

from experiments.grid.report.section import Section
from experiments.grid.results import ReportLine


def remarks(section: Section) -> list[str]:
    """List the remarks on a table, one sentence each."""
    lines = section.lines
    notes = _by_label(lines, lambda line: line.row.note)
    found = [f"{label}: {note}." for label, note in notes.items()]
    found += [f"{rows}: run with {flags}." for flags, rows in _rows_by_flags(lines).items()]
    found += [
        f"{label}: its predictions are not of the last checkpoint and are not compared clip by "
        "clip; the grid's run command predicts again."
        for label in section.of_other_weights
    ]
    found += [
        f"{label}: a run of another configuration is in its folder and is not counted: {text}."
        for label, text in section.of_other_configurations.items()
    ]
    if section.unrecorded:
        found.append(
            f"{', '.join(section.unrecorded)}: made before configurations were recorded; nothing "
            "checks that the configs were the same."
        )
    if any("latency" in line.row.figures for line in lines):
        found.append("Latency and throughput here: python -m experiments.benchmark model.")
    return found


def _by_label(lines: Sequence[ReportLine], text: Callable[[ReportLine], str]) -> dict[str, str]:
    """Map the labels of rows to a text about each, without empty ones."""
    return {line.row.label: found for line in lines if (found := text(line))}


def _rows_by_flags(lines: Sequence[ReportLine]) -> dict[str, str]:
    """Map the flags that runs had to their rows."""
    labels: dict[str, list[str]] = {}
    for label, flags in _by_label(lines, _flags).items():
        labels.setdefault(flags, []).append(label)
    rows = len({line.row.label for line in lines})
    return {
        flags: "All rows" if 1 < rows == len(names) else ", ".join(names)
        for flags, names in labels.items()
    }


def _flags(line: ReportLine) -> str:
    return " or ".join(sorted({flags for one in line.results for flags in one.flags}))
