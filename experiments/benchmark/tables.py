"""Tables of a benchmark, on the terminal and as Markdown."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from experiments.markdown_table import markdown_table
from lightning_modules.checkpoints.atomic_write import atomic_write


@dataclass(frozen=True)
class Table:
    """Headings and rows of text; the first column names the row.

    Attributes:
        title: The title above it.
        headings: One heading per column.
        rows: The cells of each row.
        notes: Lines below it.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def print(self, console: Console) -> None:
        """Show the table on a terminal."""
        table = RichTable(title=escape(self.title), title_justify="left")
        for place, heading in enumerate(self.headings):
            justify: Literal["left", "right"] = "right" if place else "left"
            table.add_column(escape(heading), justify=justify, overflow="fold")
        for row in self.rows:
            table.add_row(*map(escape, row))
        console.print(table)
        for note in self.notes:
            console.print(note, highlight=False, markup=False)

    def as_markdown(self) -> str:
        """Write the table as Markdown."""
        notes = "".join(f"\n{note}\n" for note in self.notes)
        return f"**{self.title}**\n\n{markdown_table(self.headings, self.rows, '---:')}\n{notes}"


def show(
    facts: Mapping[str, str],
    tables: Sequence[Table],
    *,
    notes: Sequence[str],
    markdown: bool,
    file: Path | None,
) -> None:
    """Print conditions and results, as Markdown or for a terminal.

    Args:
        facts: The conditions, from `experiments.benchmark.machine`.
        tables: The results.
        notes: Remarks on all tables.
        markdown: Whether to print Markdown.
        file: The file to which results were written, to print its name; None for no file.
    """
    header = "; ".join(f"{name}: {value}" for name, value in facts.items())
    if markdown:
        print(header, *notes, *(table.as_markdown() for table in tables), sep="\n\n")
    else:
        console = Console()
        for line in (header, *notes):
            console.print(line, highlight=False, markup=False)
        for table in tables:
            table.print(console)
    if file:
        Console(stderr=True).print(f"results: {file}", highlight=False, markup=False)


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Write results as JSON.

    Raises:
        RunError: If the file cannot be written.
    """
    atomic_write(file, json.dumps(content, indent=1) + "\n")
