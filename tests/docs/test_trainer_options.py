"""Specification of `docs/trainer_options.md`: every option and callback of Lightning has a row."""

import inspect
import re

from pytorch_lightning import Trainer, callbacks

from experiments.cli.trainer_parts import CALLBACKS, STRATEGIES
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "trainer_options.md").read_text()


def rows() -> dict[str, str]:
    """Give what the tables say here of each name in their first column."""
    cells = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
    return {name: row[1] for row in cells for name in re.findall(r"`(\w+)`", row[0])}


def test_every_option_of_the_trainer_has_a_row() -> None:
    assert set(inspect.signature(Trainer).parameters) <= rows().keys()


def test_every_callback_has_a_row() -> None:
    assert set(callbacks.__all__) <= rows().keys()


def test_the_callbacks_that_are_refused_are_those_that_the_table_names() -> None:
    said = {name for name in callbacks.__all__ if rows()[name].startswith("refused")}
    refused = (*CALLBACKS, callbacks.BatchSizeFinder)
    assert said == {
        name for name in callbacks.__all__ if issubclass(getattr(callbacks, name), refused)
    }


def test_the_strategies_that_are_honoured_are_those_that_the_table_names() -> None:
    assert re.findall(r"`(\w+)`", rows()["strategy"]) == list(STRATEGIES)
