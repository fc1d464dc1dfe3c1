"""A table of test results on the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from experiments.session import has_top5

HEADINGS = ("run", "seed", "protocol", "top-1 %", "top-5 %", "loss", "videos")


@dataclass(frozen=True)
class ResultRow:
    """One run under one protocol.

    Attributes:
        label: The name of the run.
        seed: Its seed.
        protocol: The test protocol.
        result: The protocol's entry in metrics.json.
    """

    label: str
    seed: int
    protocol: str
    result: dict[str, Any]

    def cells(self) -> tuple[str, ...]:
        """Format the row's values."""
        return (
            self.label,
            str(self.seed),
            self.protocol,
            f"{100 * self.result['top1']:.1f}",
            f"{100 * self.result['top5']:.1f}" if has_top5(self.result) else "n/a",
            f"{self.result['loss']:.3f}",
            str(self.result["n_videos"]),
        )


def print_table(title: str, rows: Sequence[ResultRow]) -> None:
    """Print the rows as a table."""
    table = Table(title=title)
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in HEADINGS[:3] else "right")
    for row in rows:
        table.add_row(*row.cells())
    Console().print(table)
