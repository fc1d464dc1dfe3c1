"""The papers' efficiency figures, read from the grids of their tables.

TEINet (AAAI 2020) measured on one Tesla P100, latency at batch 1, throughput at batch 16, without
loading data. TSI measured on one GTX 1080 Ti, single view. Yet both tables print the
same throughputs for the rows that they share, so TSI's own rows and the TSN row that they are
divided by may come from different machines.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from experiments.benchmark.model_rows import ROWS
from experiments.grid.grid_file import find_grid, read_grid
from experiments.grid.table import Grid
from experiments.grid.table import Row as PaperRow

NAMES_IN_GRIDS = {"TSINet": "TSI"}
"""Networks that have another name in the grids than in the benchmark."""


@dataclass(frozen=True)
class PaperTable:
    """The efficiency table of a paper.

    Attributes:
        grid_name: Its grid.
        flops_unit: The unit that it prints after multiply-adds.
    """

    grid_name: str
    flops_unit: str

    @cached_property
    def grid(self) -> Grid:
        """Return the grid."""
        return read_grid(find_grid(self.grid_name))

    def row(self, name: str) -> PaperRow | None:
        """Find the paper's row of a benchmark's row; None if the paper has none.

        Grids label a row by its network, followed by its frames if there are several.
        """
        row = ROWS[name]
        label = NAMES_IN_GRIDS.get(row.label, row.label)
        found = self.grid.rows.get(f"{label} {row.frames}f")
        return found or self.grid.rows.get(label)

    def ratio(self, name: str, reference: str, figure: str) -> float | None:
        """Divide a row's figure by that of another; None if the paper does not print both.

        Args:
            name: The row.
            reference: The row to divide by.
            figure: ``latency`` or ``throughput``.
        """
        rows = self.row(name), self.row(reference)
        above, below = (row.figures.get(figure) if row else None for row in rows)
        return None if above is None or below is None else above / below

    def cost(self, name: str) -> str:
        """Write the paper's parameters and multiply-adds of a row; empty if it has no such row."""
        row = self.row(name)
        if row is None:
            return ""
        params, views = row.figures.get("params"), row.figures.get("views", 1)
        parts = [] if params is None else [f"{params:g}M"]
        flops = f"{row.figures['gflops']:g}{self.flops_unit}"
        parts.append(flops if views == 1 else f"{flops}\N{MULTIPLICATION SIGN}{views}")
        return ", ".join(parts)

    def as_dict(self, name: str, reference: str) -> dict[str, Any] | None:
        """Return a row's figures and its ratios to another row for JSON; None for no row."""
        row = self.row(name)
        if row is None:
            return None
        ratios = {
            f"{figure}_ratio_to_{reference.replace('-', '_')}": self.ratio(name, reference, figure)
            for figure in ("latency", "throughput")
        }
        table = f"table {self.grid.table}"
        head = {"paper": self.grid.paper, "table": table, "row": name, "method": row.name}
        return {**head, **row.figures, **ratios}


TEINET = PaperTable("teinet_table2", flops_unit="G")
TSI = PaperTable("tsi_table5", flops_unit="")
