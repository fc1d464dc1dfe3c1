"""Says what looking through many files will cost, by the first few of them."""

from collections.abc import Sequence
from datetime import timedelta

SAMPLE_PER_THREAD = 8
LEAST_SAMPLES = 10
"""With fewer files than so many samples, nothing is said: the look is soon over."""


def cost_sample(paths: Sequence[str], threads: int) -> Sequence[str]:
    """Choose a few of many files, evenly spread; none of few files."""
    size = SAMPLE_PER_THREAD * threads
    return paths[:: len(paths) // size][:size] if len(paths) >= LEAST_SAMPLES * size else ()


def describe_cost(look: str, videos: int, seconds: float, threads: int) -> str:
    """Describe the cost of decoding all files.

    Args:
        look: ``full`` or ``packets``.
        videos: Number of files.
        seconds: Time that each of a sample has taken, with all threads at work.
        threads: Their number.
    """
    whole = timedelta(seconds=round(videos * seconds))
    cost = f"{videos:,} videos are not in the index; decoding them takes about {whole} with"
    if look == "packets":
        return f"{cost} as many loader workers as threads ({threads}), in the first epoch"
    return f"{cost} {threads} threads, before the first step (data.look=packets: after it)"
