"""Results of a benchmark of networks and their ratios; nothing is measured here."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from experiments.benchmark.model_counts import Counts
from experiments.benchmark.model_rows import REFERENCE, Row
from experiments.benchmark.model_timing import Measured
from experiments.benchmark.paper_figures import TEINET, TSI
from experiments.benchmark.timing import MS

MIB = 2**20
Spread = tuple[float, float, float]
"""Lower quartile, median, upper quartile."""


@dataclass(frozen=True)
class RowResult:
    """One network.

    Attributes:
        row: The benchmark's row.
        counts: Parameters and multiply-adds at 224 px.
        latency: Forward passes of one clip.
        throughput: Forward passes of a batch.
        training: Training steps; None if none were timed.
    """

    row: Row
    counts: Counts
    latency: Measured
    throughput: Measured
    training: Measured | None = None

    def as_dict(self, reference: "RowResult | None") -> dict[str, Any]:
        """Return everything for JSON; ratios are None if the reference was not measured."""
        latency, throughput = ratios(self, reference)
        return {
            **{"row": self.row.name, "network": self.row.label, "frames": self.row.frames},
            "parameters": self.counts.parameters,
            "gmac_at_224": {k: v for k, v in asdict(self.counts).items() if k != "parameters"},
            "latency": _for_json(self.latency),
            "throughput": _for_json(self.throughput),
            "training": _for_json(self.training) if self.training else None,
            "ratio_to_tsn_8": {"latency": latency, "throughput": throughput},
            "papers": [
                figures
                for paper in (TEINET, TSI)
                if (figures := paper.as_dict(self.row.name, REFERENCE))
            ],
        }


def milliseconds(measured: Measured) -> Spread | None:
    """Return the time of one pass."""
    quartiles = measured.quartiles()
    if quartiles is None:
        return None
    lower, middle, upper = quartiles
    return MS * lower, MS * middle, MS * upper


def videos_per_second(measured: Measured) -> Spread | None:
    """Return clips per second: single-view videos, as the papers count them."""
    quartiles = measured.quartiles()
    if quartiles is None:
        return None
    lower, middle, upper = (measured.batch / seconds for seconds in quartiles)
    return upper, middle, lower


def ratio(above: Spread | None, below: Spread | None) -> float | None:
    """Divide medians; None if one is missing."""
    return above[1] / below[1] if above and below else None


def ratios(result: RowResult, reference: RowResult | None) -> tuple[float | None, float | None]:
    """Return latency and throughput as multiples of the reference's."""
    if reference is None:
        return None, None
    latency = ratio(milliseconds(result.latency), milliseconds(reference.latency))
    throughput = ratio(
        videos_per_second(result.throughput), videos_per_second(reference.throughput)
    )
    return latency, throughput


def training_ratio(result: RowResult, reference: RowResult | None) -> float | None:
    """Return the training step's time as a multiple of the reference's."""
    if reference is None or result.training is None or reference.training is None:
        return None
    return ratio(milliseconds(result.training), milliseconds(reference.training))


def reference_of(results: Sequence[RowResult]) -> RowResult | None:
    """Find TSN with 8 frames among the results."""
    return next((result for result in results if result.row.name == REFERENCE), None)


def _for_json(measured: Measured) -> dict[str, Any]:
    names = ("lower_quartile", "median", "upper_quartile")
    spreads = {"ms": milliseconds(measured), "videos_per_second": videos_per_second(measured)}
    return {
        "batch": measured.batch,
        **{k: dict(zip(names, v, strict=True)) if v else None for k, v in spreads.items()},
        "all_ms": [MS * seconds for seconds in measured.seconds],
        "peak_mib": None if measured.peak_bytes is None else measured.peak_bytes / MIB,
        "failure": measured.failure or None,
    }
