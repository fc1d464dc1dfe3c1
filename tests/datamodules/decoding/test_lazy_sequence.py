import pytest

from datamodules.decoding.lazy_sequence import LazySequence


class Squares(LazySequence[int]):
    """The squares of the first numbers; notes which were made."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.made: list[int] = []

    def __len__(self) -> int:
        return self.total

    def make(self, place: int) -> int:
        self.made.append(place)
        return place**2


def test_items_are_those_of_a_list() -> None:
    squares = Squares(6)
    assert list(squares) == [0, 1, 4, 9, 16, 25]
    assert (squares[2], squares[-1], squares[-6]) == (4, 25, 0)
    assert squares[1:6:2] == [1, 9, 25]
    assert squares[::-1][:2] == [25, 16]
    assert 16 in squares
    assert squares.index(16) == 4


def test_only_what_is_asked_for_is_made() -> None:
    squares = Squares(1000)
    assert squares[-2:] == [998**2, 999**2]
    assert squares.made == [998, 999]


@pytest.mark.parametrize("place", [6, -7])
def test_a_place_outside_is_an_index_error(place: int) -> None:
    with pytest.raises(IndexError):
        Squares(6)[place]
