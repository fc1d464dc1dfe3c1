"""Further columns of a study: the comparison with the baseline, settings, costs."""

from experiments.grid.report.section import Section
from experiments.grid.results import ReportLine

COSTS = {"params, M": "parameters", "GMAC": "gigamacs", "minutes": "minutes"}
"""Heading -> attribute of `experiments.grid.report.costs.Costs`."""

SETTINGS = "settings"


def study_headings(section: Section) -> tuple[str, ...]:
    """Name the columns."""
    return (*_versus(section), SETTINGS, *COSTS)


def study_cells(section: Section, line: ReportLine) -> tuple[str, ...]:
    """Write a line's cells, in the columns of `study_headings`."""
    row = line.row
    compared = section.comparisons.get((row.label, line.protocol))
    is_baseline = row.label == section.grid.baseline
    versus = "baseline" if is_baseline else "" if compared is None else str(compared)
    costs = section.costs.get(row.label)
    values = [getattr(costs, name) if costs else None for name in COSTS.values()]
    return (
        *(versus for _ in _versus(section)),
        settings(section, line),
        *("" if value is None else f"{value:.1f}" for value in values),
    )


def settings(section: Section, line: ReportLine) -> str:
    """Write what distinguishes a row: configs that not all rows have, and its overrides."""
    row = line.row
    shared = set.intersection(*(set(other.row.base) for other in section.lines if other.row.base))
    parts = [config.stem for config in row.base if config not in shared]
    parts += [
        f"{key.removeprefix('model.').removeprefix('data.')}={value}"
        for key, value in row.overrides.items()
    ]
    parts += [f"mean over {key}" for key in row.repeat_over]
    return ", ".join([*parts, " + ".join(row.ensemble)]).rstrip(", ")


def _versus(section: Section) -> tuple[str, ...]:
    baseline = section.grid.baseline
    return (f"minus {baseline}",) if baseline else ()
