"""The packet of each frame of a video, and the packets at which decoding can start."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

NO_SEEK = np.iinfo(np.int64).min
"""Instead of a timestamp: the container cannot seek to this entry."""


class Entry(NamedTuple):
    """A packet at which decoding can start.

    Attributes:
        packet: Its number.
        frame: The frame it gives; frames displayed earlier need an earlier entry.
        time: Timestamp to seek to, in the time base of the stream, or `NO_SEEK`.
    """

    packet: int
    frame: int
    time: int


class Run(NamedTuple):
    """Consecutive packets to decode: from an entry to the last of the wanted ``packets``."""

    entry: Entry
    packets: list[int]


@dataclass(frozen=True)
class SeekIndex:
    """Maps frames (in display order) to packets (in file order).

    Attributes:
        packets: Packet number of each frame, (n,).
        entries: In file order; the first is (0, 0, `NO_SEEK`).
        packed: Whether a frame may be stored in the packet before its own (packed B-frames of DivX
            and Xvid), so that both packets must be decoded.
    """

    packets: NDArray[np.int64]
    entries: tuple[Entry, ...]
    packed: bool = False

    def to_bytes(self) -> bytes:
        """Serialize; about a hundred bytes for ten seconds of video."""
        header = np.array([len(self.packets), len(self.entries), self.packed], dtype=np.int64)
        ahead = self.packets - np.arange(len(self.packets))
        columns = [header, ahead, np.array(self.entries, dtype=np.int64).ravel()]
        return zlib.compress(np.concatenate(columns).tobytes())

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Restore what `to_bytes` returned."""
        values = np.frombuffer(zlib.decompress(packed), dtype=np.int64)
        frames, entries, packed = values[:3].tolist()
        packets = values[3 : 3 + frames] + np.arange(frames)
        rows = values[3 + frames :].reshape(entries, 3).tolist()
        return cls(packets, tuple(Entry(*row) for row in rows), bool(packed))

    def plan(self, frames: Iterable[int]) -> list[Run]:
        """Choose the packets to decode for some frames, each packet at most once.

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
