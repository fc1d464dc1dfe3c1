"""Specification of `seek_index`: what is decoded for some frames, and how little it weighs."""

import numpy as np
import pytest

from datamodules.decoding.seek_index import NO_SEEK, Entry, SeekIndex

START = Entry(0, 0, NO_SEEK)
# Display order of packets I P B B | I B B P: the second group is open, its B-frames lead.
OPEN = SeekIndex(np.array([0, 2, 3, 1, 5, 6, 4, 7]), (START, Entry(4, 6, 1000)))


def test_an_index_survives_packing() -> None:
    copy = SeekIndex.from_bytes(OPEN.to_bytes())
    assert copy.packets.tolist() == OPEN.packets.tolist()
    assert copy.entries == OPEN.entries


def test_ten_seconds_of_video_weigh_little() -> None:
    reordered = np.arange(300).reshape(-1, 3)[:, [0, 2, 1]].ravel()
    entries = tuple(Entry(packet, packet, packet * 512) for packet in range(0, 300, 12))
    assert len(SeekIndex(reordered, entries).to_bytes()) < 300


def test_frames_of_one_group_are_one_run() -> None:
    (run,) = OPEN.plan([1, 0])
    assert (run.entry, run.packets) == (START, [0, 2])


def test_a_frame_shown_before_its_keyframe_needs_the_group_before() -> None:
    (run,) = OPEN.plan([4])
    assert (run.entry, run.packets) == (START, [5])


def test_a_run_begins_where_its_earliest_frame_can() -> None:
    (run,) = OPEN.plan([7, 4])
    assert (run.entry, run.packets) == (START, [5, 7])


def test_a_frame_shown_after_its_keyframe_does_not() -> None:
    (run,) = OPEN.plan([7])
    assert (run.entry.packet, run.packets) == (4, [7])


@pytest.mark.parametrize(("gap", "runs"), [(1, 1), (2, 2), (50, 2)])
def test_decoding_goes_on_only_where_nothing_lies_between(gap: int, runs: int) -> None:
    packets = np.arange(100)
    index = SeekIndex(packets, (START, Entry(10 + gap, 10 + gap, 0)))
    assert len(index.plan([10, 10 + gap])) == runs
