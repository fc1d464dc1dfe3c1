"""Specification of `EpochSampler`: the order of samples, and each rank's share of them."""

import pytest

from datamodules.loading.epoch_sampler import EpochSampler

SIZES = [0, 1, 2, 7, 8, 31, 100]
WORLDS = [1, 2, 3, 8]


def records(sampler: EpochSampler, epoch: int = 0) -> list[int]:
    """Read the records of an epoch."""
    sampler.set_epoch(epoch)
    return [key.record for key in sampler]


def shares(size: int, world_size: int, *, shuffle: bool, epoch: int = 0) -> list[list[int]]:
    """Read all ranks' records of an epoch."""
    return [
        records(EpochSampler(size, shuffle=shuffle, rank=rank, world_size=world_size), epoch)
        for rank in range(world_size)
    ]


@pytest.mark.parametrize("world_size", WORLDS)
@pytest.mark.parametrize("size", SIZES)
def test_evaluation_gives_each_sample_to_exactly_one_rank(size: int, world_size: int) -> None:
    given = shares(size, world_size, shuffle=False)
    assert sorted(record for share in given for record in share) == list(range(size))


@pytest.mark.parametrize("world_size", WORLDS)
@pytest.mark.parametrize("size", SIZES)
def test_training_gives_every_rank_equally_many_samples(size: int, world_size: int) -> None:
    counts = {len(share) for share in shares(size, world_size, shuffle=True)}
    assert counts == {size // world_size}


@pytest.mark.parametrize("world_size", WORLDS)
@pytest.mark.parametrize("size", SIZES)
def test_training_gives_no_sample_twice(size: int, world_size: int) -> None:
    given = [record for share in shares(size, world_size, shuffle=True) for record in share]
    assert len(set(given)) == len(given)
    assert set(given) <= set(range(size))


def test_left_out_samples_differ_between_epochs() -> None:
    left_out = set()
    for epoch in range(30):
        given = {record for share in shares(7, 3, shuffle=True, epoch=epoch) for record in share}
        left_out |= set(range(7)) - given
    assert left_out == set(range(7))


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("world_size", WORLDS)
def test_the_length_is_the_number_of_keys(world_size: int, shuffle: bool) -> None:
    for size in SIZES:
        for rank in range(world_size):
            sampler = EpochSampler(size, shuffle=shuffle, rank=rank, world_size=world_size)
            assert len(sampler) == len(list(sampler))


def test_evaluation_keeps_the_order() -> None:
    assert records(EpochSampler(10, shuffle=False), epoch=3) == list(range(10))


def test_every_epoch_of_training_is_a_permutation() -> None:
    sampler = EpochSampler(20, shuffle=True)
    assert all(sorted(records(sampler, epoch)) == list(range(20)) for epoch in range(5))


def test_epochs_have_other_orders() -> None:
    sampler = EpochSampler(20, shuffle=True)
    assert len({tuple(records(sampler, epoch)) for epoch in range(10)}) == 10


def test_seeds_have_other_orders() -> None:
    orders = {tuple(records(EpochSampler(20, shuffle=True, seed=seed))) for seed in range(10)}
    assert len(orders) == 10


def test_an_order_is_a_function_of_seed_and_epoch() -> None:
    later = EpochSampler(20, shuffle=True, seed=4)
    for epoch in range(6):
        order = records(later, epoch)
    assert records(EpochSampler(20, shuffle=True, seed=4), epoch=5) == order


def test_keys_carry_the_epoch() -> None:
    sampler = EpochSampler(5, shuffle=True)
    sampler.set_epoch(7)
    assert {key.epoch for key in sampler} == {7}


def test_an_evaluation_is_the_same_in_every_epoch() -> None:
    sampler = EpochSampler(3, shuffle=False)
    sampler.set_epoch(4)
    assert [key.epoch for key in sampler] == [0, 0, 0]


@pytest.mark.parametrize("done", [0, 3, 10])
def test_a_resumed_epoch_leaves_out_what_is_done(done: int) -> None:
    resumed = EpochSampler(20, shuffle=True, rank=1, world_size=2, count_done=lambda: done)
    whole = records(EpochSampler(20, shuffle=True, rank=1, world_size=2), epoch=2)
    assert records(resumed, epoch=2) == whole[done:]
    assert len(resumed) == len(whole)
