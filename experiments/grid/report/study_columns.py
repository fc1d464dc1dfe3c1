"""Further columns of a study: the comparison with the baseline, settings, costs."""

from experiments.grid.report.section import Section
from experiments.grid.results import ReportLine

COSTS = {"params, M": "parameters", "GMAC": "gigamacs", "minutes": "minutes"}
"""Heading -> attribute of `experiments.grid.report.costs.Costs`."""


def comparison_column(section: Section, line: ReportLine) -> dict[str, str]:
    """Write the difference to the baseline; no column without one."""
    baseline = section.grid.baseline
    if not baseline:
        return {}
    compared = section.comparisons.get((line.row.label, line.protocol))
    text = "baseline" if line.row.label == baseline else str(compared or "")
    return {f"minus {baseline}": text}


def settings_column(section: Section, line: ReportLine) -> dict[str, str]:
    """Write what distinguishes a row."""
    return {"settings": settings(section, line)}


def cost_columns(section: Section, line: ReportLine) -> dict[str, str]:
    """Write parameters, multiply-adds and minutes."""
    costs = section.costs.get(line.row.label)
    values = {heading: getattr(costs, name) if costs else None for heading, name in COSTS.items()}
    return {name: _number(value) for name, value in values.items()}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


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
