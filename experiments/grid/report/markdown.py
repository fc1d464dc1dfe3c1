"""Tables of a report as Markdown."""

from collections.abc import Sequence

from experiments.grid.report.remarks import remarks
from experiments.grid.report.section import Section
from experiments.grid.report.tables import datasets, headings, legend, rows_of, title


def as_markdown(sections: Sequence[Section]) -> str:
    """Write all tables as Markdown."""
    parts = [f"# {title(sections)}\n", legend(sections) + "\n"]
    for section in sections:
        parts.append(f"## {section.grid.title}\n")
        parts += [f"{name}\n"] if (name := datasets(section.lines)) else []
        head = headings(section)
        rows = [head, ("---",) * len(head), *rows_of(section)]
        parts += [f"| {' | '.join(text.replace('|', '/') for text in row)} |" for row in rows]
        parts += ["", *(f"- {remark}" for remark in remarks(section)), ""]
    return "\n".join(parts)
