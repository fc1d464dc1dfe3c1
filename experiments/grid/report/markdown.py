"""Tables of a report as Markdown."""

from experiments.grid.report.remarks import remarks
from experiments.grid.report.tables import LEGEND, TITLE, Tables, datasets, headings, rows_of


def as_markdown(tables: Tables) -> str:
    """Write all tables as Markdown."""
    parts = [f"# {TITLE}\n", LEGEND + "\n"]
    for grid, lines in tables:
        parts.append(f"## {grid.title}\n")
        parts.append(f"{datasets(lines)}\n")
        head = headings(lines)
        rows = [head, ("---",) * len(head), *rows_of(lines)]
        parts += [f"| {' | '.join(text.replace('|', '/') for text in row)} |" for row in rows]
        parts += ["", *(f"- {remark}" for remark in remarks(lines)), ""]
    return "\n".join(parts)
