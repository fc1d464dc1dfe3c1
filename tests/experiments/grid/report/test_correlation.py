"""Rank correlations, against values worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torchmetrics.functional import kendall_rank_corrcoef, spearman_corrcoef

from experiments.grid.grid_file import Row
from experiments.grid.report.correlation import agreements, kendall, ranks, spearman
from experiments.grid.results import Line, Measured


def lines(
    pairs: list[tuple[float, float | None]], dataset: str = "D", papers: str | None = None
) -> list[Line]:
    made = []
    for number, (paper, ours) in enumerate(pairs):
        row = Row(
            str(number), "", dataset, papers or dataset, protocols=("1x1",), figures={"top1": paper}
        )
        measured = () if ours is None else (Measured(0, ours, 0.0, 1, frozenset()),)
        made.append(Line(row, "1x1", "finished", measured))
    return made


def test_equal_values_share_their_mean_rank() -> None:
    assert ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


def test_orders_agree_or_are_reversed() -> None:
    one = np.array([1.0, 2.0, 5.0])
    assert (spearman(one, one**2), kendall(one, one**2)) == (1.0, 1.0)
    assert (spearman(one, -one), kendall(one, -one)) == (-1.0, -1.0)


def test_both_are_those_of_torchmetrics_with_ties() -> None:
    random = np.random.default_rng(0)
    one, other = random.integers(0, 6, (2, 20)).astype(float)
    a, b = torch.tensor(one), torch.tensor(other)
    assert spearman(one, other) == pytest.approx(float(spearman_corrcoef(a, b)), abs=1e-5)
    tau = kendall_rank_corrcoef(a, b)
    assert isinstance(tau, torch.Tensor)
    assert kendall(one, other) == pytest.approx(float(tau), abs=1e-5)


def test_only_rows_with_both_figures_count_and_three_are_needed() -> None:
    (found,) = agreements(lines([(1, 1), (2, 3), (3, 2), (4, None)]))
    assert found.rows == 3
    assert found.spearman == pytest.approx(0.5)
    assert found.kendall == pytest.approx(1 / 3)
    assert agreements(lines([(1, 1), (2, 3), (3, None)])) == []


def test_data_sets_are_compared_by_themselves() -> None:
    one, other = lines([(1, 1), (2, 2), (3, 3)], "A"), lines([(1, 3), (2, 2), (3, 1)], "B")
    found = {each.dataset: each.spearman for each in agreements([*one, *other])}
    assert found == {"A": 1.0, "B": -1.0}


def test_orders_are_compared_also_where_the_paper_s_figures_are_of_other_data() -> None:
    (found,) = agreements(lines([(1, 10), (2, 20), (3, 30)], "A", papers="B"))
    assert (found.dataset, found.papers_dataset, found.spearman) == ("A", "B", 1.0)


def test_each_seed_s_order_is_compared_by_itself() -> None:
    table = lines([(1, 1), (2, 2), (3, 3)])
    orders = {0: (1, 2, 3), 1: (3, 2, 1), 2: (9, 9)}  # not all rows were run with the last seed
    seeded = [
        replace(
            line,
            measured=tuple(
                Measured(s, o[n], 0, 1, frozenset()) for s, o in orders.items() if n < len(o)
            ),
        )
        for n, line in enumerate(table)
    ]
    (found,) = agreements(seeded)
    assert found.by_seed == (1.0, -1.0)


def test_a_constant_side_has_no_order() -> None:
    assert np.isnan(spearman(np.array([1.0, 1.0, 1.0]), np.array([1.0, 2.0, 3.0])))
