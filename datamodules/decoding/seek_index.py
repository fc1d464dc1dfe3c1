"""Where a video's frames lie among its packets, and where decoding may begin."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

NO_SEEK = np.iinfo(np.int64).min
"""In place of a timestamp: the container does not find this entry by time."""


class Entry(NamedTuple):
    """A packet that decoding may begin with.

    Attributes:
        packet: Its number.
        frame: The frame it shows; those shown earlier need an earlier entry, wherever they lie.
        time: What the container finds it by, in the stream's time base, or `NO_SEEK`.
    """

    packet: int
    frame: int
    time: int


class Run(NamedTuple):
    """Packets to decode without a break: from an entry to the last wanted packet."""

    entry: Entry
    packets: list[int]


@dataclass(frozen=True)
class PacketTable:
    """Which packet gives which frame. Frames count in display order, packets in file order.

    Attributes:
        packets: The packet that gives each frame, (n,).
        entries: In file order; the first is (0, 0, `NO_SEEK`).
        packed: Whether a picture may lie in the packet before its own (DivX and Xvid with packed
            B-frames), so that neither may be left out.
    """

    packets: NDArray[np.int64]
    entries: tuple[Entry, ...]
    packed: bool = False

    def to_bytes(self) -> bytes:
        """Pack the table: about a hundred bytes for ten seconds of video."""
        header = np.array([len(self.packets), len(self.entries), self.packed], dtype=np.int64)
        ahead = self.packets - np.arange(len(self.packets))
        columns = [header, ahead, np.array(self.entries, dtype=np.int64).ravel()]
        return zlib.compress(np.concatenate(columns).tobytes())

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Unpack what `to_bytes` gave."""
        values = np.frombuffer(zlib.decompress(packed), dtype=np.int64)
        frames, entries, packed = values[:3].tolist()
        packets = values[3 : 3 + frames] + np.arange(frames)
        rows = values[3 + frames :].reshape(entries, 3).tolist()
        return cls(packets, tuple(Entry(*row) for row in rows), bool(packed))

    def plan(self, frames: Iterable[int]) -> list[Run]:
        """Choose what to decode for some frames: from each one's last entry on, nothing twice.

        Args:
            frames: Frame indices, each less than n.

        Returns:
            Runs in file order.
        """
        runs: list[Run] = []
        for packet, frame in sorted((int(self.packets[frame]), frame) for frame in frames):
            run = Run(self._entry_for(packet, frame), [packet])
            while runs and run.entry.packet <= runs[-1].packets[-1] + 1:
                before = runs.pop()
                run = Run(min(before.entry, run.entry), before.packets + run.packets)
            runs.append(run)
        return runs

    def _entry_for(self, packet: int, frame: int) -> Entry:
        return next(
            entry
            for entry in reversed(self.entries)
            if entry.packet <= packet and entry.frame <= frame
        )
