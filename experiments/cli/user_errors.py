"""Ends a process that a user's mistake or a signal ends: one line, an exit status, no traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.utilities.exceptions import SIGTERMException

from datamodules import DataError
from datamodules.prepare.closed_output import quiet_if_output_closes
from lightning_modules import RunError
from lightning_modules.stop_signals import INTERRUPTED, PREEMPTED, Stopped
from models import ModelError

USER_ERRORS = (DataError, ModelError, RunError, MisconfigurationException)


@contextmanager
def user_errors() -> Iterator[None]:
    """End the process with one line on stderr and status 1 if the user can fix the error.

    Ctrl-C ends it with 130 and SIGTERM with 143, where Lightning's own statuses are 1 and 0; an
    output that nobody reads any more ends it quietly, see `quiet_if_output_closes`.
    """
    try:
        with quiet_if_output_closes():
            yield
    except USER_ERRORS as error:
        sys.exit(f"error: {_one_line(str(error))}")
    except SIGTERMException:
        raise Stopped(PREEMPTED) from None
    except KeyboardInterrupt:
        raise Stopped(INTERRUPTED) from None
    except SystemExit as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise Stopped(INTERRUPTED) from None
        raise


def _one_line(message: str) -> str:
    if message.startswith("Caught "):  # torch puts a loader worker's traceback before its message
        message = message.strip().splitlines()[-1].partition("Error: ")[2]
    return " ".join(message.split())
