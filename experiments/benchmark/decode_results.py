"""Results of a decoding benchmark and their tables; nothing is measured here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from experiments.benchmark.readers import OURS, Reader
from experiments.benchmark.same_frames import SAME, Verdict
from experiments.benchmark.tables import Table
from experiments.benchmark.timing import median_ms


@dataclass(frozen=True)
class FileResult:
    """One file.

    Attributes:
        path: The file.
        group: The group whose files are summarised together.
        frames: Number of frames.
        width: Pixels.
        height: Pixels.
        indexed: Whether single frames can be read without decoding all before them.
        seconds: Reader -> seconds, one per repetition.
        verdicts: Reader -> whether it returned the requested frames.
        failures: Reader -> the reason why it returned nothing.
    """

    path: Path
    group: str
    frames: int
    width: int
    height: int
    indexed: bool
    seconds: dict[str, list[float]]
    verdicts: dict[str, Verdict]
    failures: dict[str, str] = field(default_factory=dict)

    def ms(self, reader: str) -> float | None:
        """Return a reader's median time; None if it failed."""
        return median_ms(self.seconds[reader]) if reader in self.seconds else None

    def as_dict(self) -> dict[str, Any]:
        """Return everything for JSON; times in milliseconds."""
        readers: dict[str, dict[str, Any]] = {
            name: {
                "ms": median_ms(times),
                "all_ms": [median_ms([time]) for time in times],
                "frames": self.verdicts[name].what,
                "max_difference": self.verdicts[name].largest,
                "other_places": self.verdicts[name].others,
            }
            for name, times in self.seconds.items()
        }
        return {
            **{"file": str(self.path), "group": self.group, "frames": self.frames},
            **{"width": self.width, "height": self.height, "indexed": self.indexed},
            "readers": readers | {name: {"error": why} for name, why in self.failures.items()},
        }


def libraries(readers: Sequence[Reader]) -> dict[str, list[str]]:
    """Name the readers of each library but ours."""
    names: dict[str, list[str]] = {}
    for reader in readers:
        if reader.name != OURS:
            names.setdefault(reader.library, []).append(reader.name)
    return names


def ratio(result: FileResult, others: Sequence[str]) -> float | None:
    """Return the fastest reader's time divided by ours; None if all failed."""
    times = [time for name in others if (time := result.ms(name)) is not None]
    ours = result.ms(OURS)
    return min(times) / ours if times and ours else None


def median_ratio(results: Sequence[FileResult], others: Sequence[str]) -> float | None:
    """Return the median of `ratio` over files; None if there is none."""
    ratios = [value for result in results if (value := ratio(result, others)) is not None]
    return median(ratios) if ratios else None


def by_group(results: Sequence[FileResult]) -> dict[str, list[FileResult]]:
    """Group files, in their order."""
    groups: dict[str, list[FileResult]] = {}
    for result in results:
        groups.setdefault(result.group, []).append(result)
    return groups


def group_table(results: Sequence[FileResult], readers: Sequence[Reader]) -> Table:
    """Summarise groups: each library's time divided by ours."""
    others = libraries(readers)
    rows = []
    for group, members in by_group(results).items():
        cells = [_group_cell(members, names) for names in others.values()]
        rows.append([group, str(len(members)), *cells])
    return Table(
        "Time divided by ours: median over files",
        ["group", "files", *others],
        rows,
        ["Above 1, ours is faster. Of a library's modes, the faster one counts in each file."],
    )


def file_table(results: Sequence[FileResult], readers: Sequence[Reader]) -> Table:
    """List all files: each reader's median time."""
    names = [reader.name for reader in readers]
    rows = [
        [
            result.path.name,
            f"{result.width}x{result.height}, {result.frames}",
            *(_file_cell(result, name) for name in names),
        ]
        for result in results
    ]
    notes = ["Median ms per file to open it and return the frames.", *_failures(results)]
    return Table("Times, ms", ["file", "size, frames", *names], rows, notes)


def _group_cell(members: Sequence[FileResult], names: Sequence[str]) -> str:
    value = median_ratio(members, names)
    if value is None:
        return "fails"
    wrong = sum(any(_differs(result, name) for name in names) for result in members)
    failed = sum(all(name in result.failures for name in names) for result in members)
    remarks = [f"other frames in {wrong}"] if wrong else []
    remarks += [f"fails in {failed}"] if failed else []
    return f"{value:.2f}" + (f" ({', '.join(remarks)})" if remarks else "")


def _file_cell(result: FileResult, name: str) -> str:
    time = result.ms(name)
    if time is None:
        return "fails"
    return f"{time:.1f}" + (f" ({result.verdicts[name].what})" if _differs(result, name) else "")


def _differs(result: FileResult, name: str) -> bool:
    return name in result.verdicts and result.verdicts[name].what != SAME


def _failures(results: Sequence[FileResult]) -> list[str]:
    """List each reason once: a library that does not load fails on every file."""
    files: dict[tuple[str, str], list[str]] = {}
    for result in results:
        for failure in result.failures.items():
            files.setdefault(failure, []).append(result.path.name)
    return [
        f"{reader} on {names[0] if len(names) == 1 else f'{len(names)} files'}: {why}"
        for (reader, why), names in sorted(files.items())
    ]
