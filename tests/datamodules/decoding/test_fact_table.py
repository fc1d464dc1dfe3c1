"""Specification of `FactTable`: the facts of many videos by column, exactly as they were."""

from dataclasses import replace

from datamodules.decoding.fact_table import FactTable, PackedBytes
from datamodules.decoding.video_facts import VideoFacts

FACTS = [
    VideoFacts(7, 7, 25.0, 340, 256, "h264", 3, b"seven"),
    VideoFacts(9, 0, 30000 / 1001, 24, 16, "vp9", 1, b""),
    VideoFacts(2, 2, 0.0, 24, 16, ".jpg", 2, b"\0\xff"),
]


def test_facts_come_out_as_they_went_in() -> None:
    table = FactTable(FACTS)
    assert list(table) == FACTS
    assert table == FACTS
    assert (table[-1], table[:2]) == (FACTS[2], FACTS[:2])


def test_other_facts_are_another_table() -> None:
    assert FactTable(FACTS) != [*FACTS[:2], replace(FACTS[2], seek_index=b"\0\xfe")]


def test_facts_may_be_chosen_in_any_order_and_twice() -> None:
    assert list(FactTable(FACTS).take([2, 0, 2])) == [FACTS[2], FACTS[0], FACTS[2]]


def test_facts_may_be_added_in_several_parts() -> None:
    table = FactTable(FACTS[:1])
    table.extend([tuple(vars(facts).values()) for facts in FACTS[1:]])
    assert list(table) == FACTS


def test_a_table_of_a_table_is_itself() -> None:
    table = FactTable(FACTS)
    assert FactTable.of(table) is table
    assert list(FactTable.of(FACTS)) == FACTS


def test_columns_are_arrays() -> None:
    table = FactTable(FACTS)
    joined, ends = table.seek_indexes.as_arrays()
    assert table.frames.tolist() == [7, 9, 2]
    assert (joined.tobytes(), ends.tolist()) == (b"seven\0\xff", [5, 5, 7])


def test_no_facts_are_a_table_too() -> None:
    joined, ends = PackedBytes().as_arrays()
    assert (len(FactTable()), list(FactTable().take([]))) == (0, [])
    assert (str(joined.dtype), joined.size, ends.size) == ("uint8", 0, 0)
