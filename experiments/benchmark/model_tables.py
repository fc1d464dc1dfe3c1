"""The efficiency tables of both papers, with the results measured here."""

from collections.abc import Sequence

from experiments.benchmark.model_counts import PAPER_SIZE
from experiments.benchmark.model_results import (
    MIB,
    RowResult,
    Spread,
    milliseconds,
    ratios,
    reference_of,
    training_ratio,
    videos_per_second,
)
from experiments.benchmark.model_rows import REFERENCE
from experiments.benchmark.model_timing import Measured
from experiments.benchmark.paper_figures import TEINET, TSI
from experiments.benchmark.tables import Table

PAPER_BATCH = 16
MISSING = "-"
SPREAD_NOTE = "Medians, in brackets the quartiles."


def cost_table(results: Sequence[RowResult]) -> Table:
    """Show parameters and multiply-adds beside the papers' figures."""
    rows = []
    for result in results:
        counts = result.counts
        rows.append(
            [
                *_name(result),
                f"{counts.parameters / 1e6:.2f} M",
                f"{counts.convolutions:.2f}",
                f"{counts.alignment:.2f}" if counts.alignment else MISSING,
                f"{counts.total:.2f}",
                *(paper.cost(result.row.name) or MISSING for paper in (TEINET, TSI)),
            ]
        )
    headings = ["network", "frames", "parameters", "GMAC of convolutions", "of alignment", "of all"]
    notes = ["GMAC: 10^9 multiply-accumulates, which the papers print as G; 400 classes."]
    if any(result.row.label == "TIM" for result in results):
        notes.append('TIM is TEINet without MEM ("Res50+TIM").')
    if any(result.counts.alignment for result in results):
        notes.append(
            "TSI's figure of TSINet is between that of convolutions and that of all operations."
        )
    if any(result.row.name == "i3d-32" for result in results):
        notes.append(
            "I3D has one view of 32 frames, as in TSI. TEINet prints 360G for 64 frames, two such "
            "views (305 G here), and the parameters of I3D with non-local blocks."
        )
    title = f"Cost of one view at {PAPER_SIZE} x {PAPER_SIZE} pixels"
    return Table(title, [*headings, "in TEINet", "in TSI"], rows, notes)


def speed_table(results: Sequence[RowResult], size: int) -> Table:
    """Show latency, throughput and memory."""
    batch = results[0].throughput.batch
    rows = [
        [
            *_name(result),
            _spread(milliseconds(result.latency), result.latency),
            _spread(videos_per_second(result.throughput), result.throughput),
            _peak(result.latency),
            _peak(result.throughput),
        ]
        for result in results
    ]
    headings = ["network", "frames", "latency, ms (batch 1)", f"videos/s (batch {batch})"]
    memory = ["peak MiB (batch 1)", f"peak MiB (batch {batch})"]
    title = f"Speed at {size} x {size} pixels"
    return _without_memory(Table(title, [*headings, *memory], rows, [SPREAD_NOTE]), 2)


def ratio_table(results: Sequence[RowResult]) -> Table:
    """Show each row's multiple of TSN with 8 frames, here and in the papers."""
    reference = reference_of(results)
    rows = []
    for result in results:
        latency, throughput = ratios(result, reference)
        name = result.row.name
        paper = [table.ratio(name, REFERENCE, "throughput") for table in (TEINET, TSI)]
        latencies = [latency, TEINET.ratio(name, REFERENCE, "latency")]
        rows.append([*_name(result), *map(_times, [throughput, *paper, *latencies])])
    headings = ["videos/s here", "in TEINet", "in TSI", "latency here", "in TEINet"]
    notes = [
        "Above 1: more videos per second, or a longer wait, than TSN. TEINet measured on a Tesla "
        "P100, TSI on a GTX 1080 Ti; rows that both have print the same videos per second."
    ]
    if reference is None:
        notes.append(f"Ratios need the row {REFERENCE}.")
    if any(result.row.name == "i3d-32" for result in results):
        notes.append("I3D: TEINet's figures are for 64 frames; here it has 32.")
    headings = ["network", "frames", *headings]
    return Table("Multiples of TSN with 8 frames", headings, rows, notes)


def training_table(results: Sequence[RowResult], size: int) -> Table:
    """Show training steps; only for results that have them."""
    reference = reference_of(results)
    rows = []
    batch = 0
    for result in results:
        step = result.training
        if step is None:
            continue
        batch = step.batch
        spread = _spread(milliseconds(step), step)
        rows.append(
            [*_name(result), spread, _times(training_ratio(result, reference)), _peak(step)]
        )
    headings = ["network", "frames", f"step, ms (batch {batch})", "times TSN's", "peak MiB"]
    notes = ["Forward, backward and a step of SGD with momentum. " + SPREAD_NOTE]
    return _without_memory(Table(f"Training at {size} x {size} pixels", headings, rows, notes), 1)


def remarks(size: int, batch: int) -> list[str]:
    """List where a run's conditions differ from the papers'."""
    departures = []
    if size != PAPER_SIZE:
        departures.append(f"{size} instead of {PAPER_SIZE} pixels")
    if batch != PAPER_BATCH:
        departures.append(f"throughput at batch {batch} instead of {PAPER_BATCH}")
    if not departures:
        return []
    return [f"Unlike in the papers: {', '.join(departures)}; this changes ratios."]


def _name(result: RowResult) -> list[str]:
    return [result.row.label, str(result.row.frames)]


def _spread(spread: Spread | None, measured: Measured) -> str:
    if spread is None:
        return measured.failure
    lower, middle, upper = map(_digits, spread)
    return f"{middle} ({lower}-{upper})"


def _digits(value: float) -> str:
    """Write three significant digits, or an integer."""
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{decimals}f}"


def _times(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}"


def _peak(measured: Measured) -> str:
    return MISSING if measured.peak_bytes is None else f"{measured.peak_bytes / MIB:.0f}"


def _without_memory(table: Table, columns: int) -> Table:
    """Drop the last columns if no row has them, and add a note."""
    if any(cell != MISSING for row in table.rows for cell in row[-columns:]):
        return table
    rows = [row[:-columns] for row in table.rows]
    notes = [*table.notes, "Memory: not measured; torch counts only GPU memory."]
    return Table(table.title, table.headings[:-columns], rows, notes)
