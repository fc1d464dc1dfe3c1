"""Builds the seek index of a video, and keeps of it only what is verified.

Flags of packets are not trusted. Where the bitstream itself says that decoding can start at a
packet (`datamodules.decoding.bitstream`), the packets that the container gives after a seek are
compared with those of reading in order. Otherwise the file is decoded again from the packet, as
`datamodules.decoding.read_frames` does, and the pixels are compared.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from datamodules.decoding.packet_cursor import PacketCursor, decode_run, packet_of
from datamodules.decoding.read_frames import decode_runs
from datamodules.decoding.recording import TRIAL_FRAMES, Recording, mark_packet
from datamodules.decoding.seek_index import NO_SEEK, Entry, SeekIndex
from datamodules.decoding.video_stream import iterate_frames, named_errors, open_video
from datamodules.errors import VideoAccessError, VideoDecodeError

MAX_ENTRIES = 256
"""Number of entry points; to verify one, the file is opened once. Of more keyframes, evenly spread
ones become entry points."""

MAX_FALSE_ENTRIES = 8
"""With more keyframes at which decoding cannot start, a file gets no seek index."""

NEW_DECODERS = 3
"""Of the entries that repeat all headers, so many are decoded by a new decoder, the others by one
that has read on; readers start in both ways."""

TRIAL_ENTRIES = 3
"""After so many entries, frames are read as a trial."""

TRIAL_PATTERN, TRIAL_CHOICE = 5, (0, 3)
"""Of five consecutive frames, those that are read: all patterns of B-frames are met in all ways."""

EXACT_CODECS = ("h264", "hevc", "vp8", "vp9", "libdav1d")
"""Their bitstreams state exactly which frames are references; a few trial reads suffice."""

PACKING_CODEC = "mpeg4"

Opened = tuple[InputContainer, VideoStream]


def build_index(path: Path, recording: Recording, opened: Opened | None = None) -> SeekIndex | None:
    """Verify the keyframes; keep those from which a reader gets the same frames as in order.

    Args:
        path: Of the file.
        recording: Of decoding it in order.
        opened: The container and its stream, where all seeks depend on its index alone. Otherwise
            the file is opened for each entry, as a reader opens it.

    Returns:
        The index; None where only decoding in order is exact.
    """
    packets = [packet for packet in recording.packets if packet is not None]
    if len(set(packets)) < len(recording.packets):
        return None  # the decoder drops the tags
    frame_of = {packet: frame for frame, packet in enumerate(packets)}
    candidates = [
        Entry(packet, frame_of[packet], NO_SEEK if time is None else time)
        for packet, time in recording.keyframes.items()
        if packet > 0 and packet in frame_of
    ]
    candidates = candidates[:: -(-len(candidates) // MAX_ENTRIES) or 1]
    verified = [Entry(0, 0, NO_SEEK)]
    if not recording.safe_starts.issuperset(entry.packet for entry in verified + candidates):
        recording.complete(iterate_frames(path))
    check = _EntryCheck(path, recording, frame_of, opened)
    ends = [entry.packet - 1 for entry in candidates] + [recording.packet_count - 1]
    if not check.passes(verified[0], ends[0]):
        return None
    for entry, end in zip(candidates, ends[1:], strict=True):
        by_demuxing = entry._replace(time=NO_SEEK)
        if found := next((e for e in (entry, by_demuxing) if check.passes(e, end)), None):
            verified.append(found)
        elif check.failures > MAX_FALSE_ENTRIES or not check.passes(verified[-1], end):
            return None
    index = SeekIndex(np.array(packets, dtype=np.int64), tuple(verified), check.packed)
    trials = [_trial(index)]
    if recording.codec not in EXACT_CODECS:
        trials = [trials[0] | check.unseen(), *_kinds_of_b_frames(recording.bidirectional)]
    return index if all(_reads(path, index, trial, recording) for trial in trials) else None


def _spread(index: SeekIndex) -> list[Entry]:
    """Choose a few entries, evenly spread."""
    places = np.linspace(0, len(index.entries) - 1, TRIAL_ENTRIES, dtype=int)
    return [index.entries[place] for place in np.unique(places).tolist()]


def _trial(index: SeekIndex) -> set[int]:
    """Choose some of the frames after a few entries."""
    total = len(index.packets)
    return {
        frame
        for entry in _spread(index)
        for frame in range(entry.frame, min(entry.frame + TRIAL_FRAMES, total))
        if (frame - entry.frame) % TRIAL_PATTERN in TRIAL_CHOICE
    }


def _kinds_of_b_frames(frames: Sequence[int]) -> list[set[int]]:
    """Choose B-frames of each kind: of each place in a group of each size.

    Args:
        frames: All B-frames.

    Returns:
        Sets to read one after the other: no set has two frames of one group.
    """
    by_size: dict[int, list[list[int]]] = {}
    for _, numbered in groupby(enumerate(frames), lambda pair: pair[1] - pair[0]):
        group = [frame for _, frame in numbered]
        by_size.setdefault(len(group), []).append(group)
    chosen: dict[int, set[int]] = {}
    for size, groups in by_size.items():
        for place in range(size):
            turn, number = divmod(place, len(groups))
            chosen.setdefault(turn, set()).add(groups[number][place])
    return list(chosen.values())


def _reads(path: Path, index: SeekIndex, frames: set[int], recording: Recording) -> bool:
    """Return whether the index gives the same frames as decoding in order."""
    with _decode_errors_only():
        found = {
            frame: recording.checksum(image) for frame, image in decode_runs(path, index, frames)
        }
        return found == {frame: recording.checksums[frame] for frame in frames}
    return False


@contextmanager
def _decode_errors_only() -> Iterator[None]:
    """Suppress errors of decoding, but not those of reading the file."""
    try:
        yield
    except VideoAccessError:
        raise
    except VideoDecodeError:
        pass


class _EntryCheck:
    """Compares what an entry leads to with decoding in order.

    Attributes:
        packed: As of `SeekIndex`. DivX and Xvid may store two frames in one packet; no header says
            so reliably.
        skipped: Packets of B-frames that were not decoded, between others that were.
        seen: Frames that were decoded and are the same.
        failures: Number of entries, or ways to reach them, that are not the same.
        repeated: Number of entries decoded so far that repeat the headers of the file.
    """

    def __init__(
        self, path: Path, recording: Recording, frame_of: dict[int, int], opened: Opened | None
    ) -> None:
        self.path = path
        self.recording = recording
        self.frame_of = frame_of
        self.opened = opened
        packets = list(frame_of)
        self.packet_of_entry = {0: packets[0]}  # an edit list may hide the frame of packet 0
        self.packed = recording.codec == PACKING_CODEC and packets != sorted(packets)
        is_exact = recording.codec in EXACT_CODECS
        skippable = set() if is_exact else {packets[i] for i in recording.bidirectional}
        ordered = sorted(skippable)  # two are decoded, two are skipped: B-frames often are pairs
        chosen = {*ordered[::4], *ordered[1::4]}
        self.skipped = skippable - chosen
        self.chosen = chosen | {packet - 1 for packet in chosen if self.packed}
        self.seen: set[int] = set()
        self.failures = 0
        self.repeated = 0

    def passes(self, entry: Entry, end: int) -> bool:
        """Return whether the packets from an entry to ``end`` give the same frames."""
        is_safe = entry.packet in self.recording.safe_starts
        with _decode_errors_only():
            if self._gives_same_packets(entry, end) if is_safe else self._decodes(entry, end):
                return True
        self.failures += 1
        return False

    def _gives_same_packets(self, entry: Entry, end: int) -> bool:
        if entry.time == NO_SEEK:
            return True  # reading in order
        marks = self.recording.marks[entry.packet : end + 1]
        with self._open(again=not self.opened) as (container, stream):
            cursor = PacketCursor(self.path, container, stream, tagged=())
            cursor.go_to(entry, seek=True)
            found = [
                mark_packet(packet, bytes(packet)) for _, packet in zip(marks, cursor, strict=False)
            ]
        return found == marks

    def unseen(self) -> set[int]:
        """Return the frames that were not decoded, without those that were skipped on purpose."""
        skipped = {self.frame_of[packet] for packet in self.skipped}
        return set(self.frame_of.values()) - self.seen - skipped

    def _decodes(self, entry: Entry, end: int) -> bool:
        """Decode without most non-reference frames, and compare pixels."""
        seen = set()
        for frame in self._decode(entry, end):
            packet = packet_of(frame)
            index = -1 if packet is None else self.frame_of.get(packet, -1)
            if index < entry.frame or packet in self.skipped:  # nobody reads these
                continue
            if self.recording.checksum(frame) != self.recording.checksums[index]:
                return False
            seen.add(index)
        self.seen |= seen
        return entry.frame in seen

    def _decode(self, entry: Entry, end: int) -> Iterator[VideoFrame]:
        with self._open(again=self._needs_new_decoder(entry)) as (container, stream):
            cursor = PacketCursor(self.path, container, stream)
            cursor.go_to(entry, seek=entry.time != NO_SEEK)
            shown = self.packet_of_entry.get(entry.packet, entry.packet)
            wanted = {entry.packet, shown} | self.chosen
            yield from decode_run(cursor, max(end, shown), wanted)

    def _needs_new_decoder(self, entry: Entry) -> bool:
        if self.opened is None or entry.time == NO_SEEK:
            return True
        self.repeated += entry.packet in self.recording.alike_starts
        return entry.packet not in self.recording.alike_starts or self.repeated <= NEW_DECODERS

    @contextmanager
    def _open(self, *, again: bool) -> Iterator[Opened]:
        if again or not self.opened:
            with open_video(self.path) as opened:
                yield opened
        else:
            with named_errors(self.path):
                yield self.opened
