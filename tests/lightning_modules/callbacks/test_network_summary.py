"""NetworkSummary: one line with the number of parameters, and no FLOPs."""

import logging
from collections.abc import Callable

import pytest
from torch import nn

from lightning_modules import VideoRecognizer
from lightning_modules.callbacks import NetworkSummary
from tests.lightning_modules.conftest import Fit

Make = Callable[..., VideoRecognizer]


@pytest.mark.parametrize(
    ("frozen", "line"),
    [
        (False, "TinyNetwork: 2.00 M parameters"),
        (True, "TinyNetwork: 2.00 M parameters, 2.00 M of them frozen"),
    ],
)
def test_parameters_are_counted_in_millions(
    frozen: bool, line: str, fit: Fit, recognizer: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    recognized = recognizer()
    recognized.network.unused = nn.Linear(1999, 1000).requires_grad_(not frozen)
    fit(recognized, NetworkSummary())
    assert line in caplog.messages
