"""Tables of a report as Markdown."""

from collections.abc import Sequence

from experiments.grid.report.overview import HEADINGS, LEGEND, TITLE, overview
from experiments.grid.report.remarks import remarks
from experiments.grid.report.section import Section
from experiments.grid.report.tables import datasets, headings, legend, rows_of, title
from experiments.markdown_table import markdown_table


def as_markdown(sections: Sequence[Section]) -> str:
    """Write all tables as Markdown."""
    parts = [f"# {title(sections)}\n", legend(sections) + "\n"]
    if orders := overview(sections):
        parts += [f"## {TITLE}\n", f"{LEGEND}\n", markdown_table(HEADINGS, orders), ""]
    for section in sections:
        parts.append(f"## {section.grid.title}\n")
        parts += [f"{name}\n"] if (name := datasets(section.lines)) else []
        parts.append(markdown_table(headings(section), rows_of(section)))
        parts += ["", *(f"- {remark}" for remark in remarks(section)), ""]
    return "\n".join(parts)
