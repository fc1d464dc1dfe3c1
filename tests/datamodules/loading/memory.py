"""How much memory a process uses."""

import re
from pathlib import Path

RESIDENT = re.compile(r"Rss(?:Anon|Shmem):\s+(\d+) kB")
SLACK = 4_000_000
"""Bytes that a process may grow by without leaking."""


def memory_in_use(process: int | str = "self") -> int:
    """Ask the kernel for a process's resident memory, bytes, without that of code."""
    status = Path(f"/proc/{process}/status").read_text()
    return 1024 * sum(int(kilobytes) for kilobytes in RESIDENT.findall(status))
