"""Measures times: the compared functions run in turns, and the median is reported."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from statistics import median
from time import perf_counter, process_time

CLOCKS: dict[str, Callable[[], float]] = {"wall": perf_counter, "cpu": process_time}
"""``cpu`` is the CPU time of all threads of this process. Other programs on the machine disturb it
less, but it does not contain the time of waiting for a disk."""

MS = 1000


def take_turns(
    jobs: Mapping[str, Callable[[], object]],
    repeats: int,
    clock: Callable[[], float] = perf_counter,
    before: Callable[[str], object] = lambda name: None,
) -> dict[str, list[float]]:
    """Run all jobs once per repetition, in random order, since jobs warm caches for others.

    Args:
        jobs: Functions by name.
        repeats: Number of repetitions.
        clock: Returns seconds.
        before: Called before each job with its name, untimed.

    Returns:
        Seconds of each job, one per repetition.
    """
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    order = Random(0)
    for _ in range(repeats):
        for name in order.sample(list(jobs), len(jobs)):
            before(name)
            start = clock()
            jobs[name]()
            seconds[name].append(clock() - start)
    return seconds


def median_ms(seconds: Sequence[float]) -> float:
    """Return the median in milliseconds."""
    return MS * median(seconds)
