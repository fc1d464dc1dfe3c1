"""Rank correlations, against values worked out by hand."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from experiments.grid.report.rank_agreement import agreements, kendall, spearman
from experiments.grid.results import ReportLine, SeedResult
from experiments.grid.table import Row


def lines(
    pairs: list[tuple[float, float | None]], dataset: str = "D", papers: str | None = None
) -> list[ReportLine]:
    made = []
    for number, (paper, ours) in enumerate(pairs):
        row = Row(
            str(number), "", dataset, papers or dataset, protocols=("1x1",), figures={"top1": paper}
        )
        results = () if ours is None else (SeedResult(0, ours, 0.0, 1, frozenset()),)
        made.append(ReportLine(row, "1x1", "finished", results))
    return made


def tensor(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.double)


def near(value: float) -> object:
    """Compare as closely as torchmetrics computes: it adds 1e-6 to a denominator."""
    return pytest.approx(value, abs=1e-5)


def test_orders_agree_or_are_reversed() -> None:
    one = tensor(1, 2, 5)
    assert (spearman(one, one**2), kendall(one, one**2)) == (near(1), near(1))
    assert (spearman(one, -one), kendall(one, -one)) == (near(-1), near(-1))


def test_equal_values_share_their_mean_rank() -> None:
    # Ranks 3.5, 1, 3.5, 2 and 4, 1, 3, 2: sum of products of deviations 4.5, of squares 4.5 and 5.
    tied, order = tensor(3, 1, 3, 2), tensor(9, 1, 8, 2)
    assert spearman(tied, order) == near(4.5 / math.sqrt(4.5 * 5))


def test_kendall_is_tau_b_which_corrects_for_ties() -> None:
    # Of six pairs, five are in the same order and one is tied on one side.
    tied, order = tensor(3, 1, 3, 2), tensor(9, 1, 8, 2)
    assert kendall(tied, order) == near(5 / math.sqrt(5 * 6))


def test_only_rows_with_both_figures_count_and_three_are_needed() -> None:
    (found,) = agreements(lines([(1, 1), (2, 3), (3, 2), (4, None)]), {})
    assert found.rows == 3
    assert found.spearman == near(0.5)
    assert found.kendall == near(1 / 3)
    assert agreements(lines([(1, 1), (2, 3), (3, None)]), {}) == []


def test_data_sets_are_compared_by_themselves() -> None:
    one, other = lines([(1, 1), (2, 2), (3, 3)], "A"), lines([(1, 3), (2, 2), (3, 1)], "B")
    found = {each.dataset: each.spearman for each in agreements([*one, *other], {})}
    assert found == {"A": near(1), "B": near(-1)}


def test_orders_are_compared_also_where_the_paper_s_figures_are_of_other_data() -> None:
    (found,) = agreements(lines([(1, 10), (2, 20), (3, 30)], "A", papers="B"), {})
    assert (found.dataset, found.papers_dataset, found.spearman) == ("A", "B", near(1))


def test_each_seed_s_order_is_compared_by_itself() -> None:
    table = lines([(1, 1), (2, 2), (3, 3)])
    orders = {0: (1, 2, 3), 1: (3, 2, 1), 2: (9, 9)}  # not all rows were run with the last seed
    seeded = [
        replace(
            line,
            results=tuple(
                SeedResult(s, o[n], 0, 1, frozenset()) for s, o in orders.items() if n < len(o)
            ),
        )
        for n, line in enumerate(table)
    ]
    (found,) = agreements(seeded, {})
    assert found.by_seed == (near(1), near(-1))


@pytest.mark.parametrize("measure", [spearman, kendall])
def test_a_constant_side_has_no_order(measure: Callable[[Tensor, Tensor], Tensor | float]) -> None:
    constant, order = tensor(1, 1, 1), tensor(1, 2, 3)
    assert math.isnan(measure(constant, order))
    assert math.isnan(measure(order, constant))
