"""metrics.json, which a fit and tests beside it may change at the same time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lightning_modules.checkpoints.atomic_write import atomic_write
from lightning_modules.checkpoints.claim import for_a_moment
from lightning_modules.checkpoints.run_folder import RunFolder
from lightning_modules.errors import RunError

Results = dict[str, dict[str, Any]]


def read_results(run: RunFolder) -> Results:
    """Read a run's results; empty where there are none yet.

    Raises:
        RunError: If the file is not JSON.
    """
    try:
        results: Results = json.loads(run.metrics.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise RunError(f"{run.metrics}: is not JSON ({error}); mend or delete it") from None
    return results


@contextmanager
def results_of(run: RunFolder) -> Iterator[Results]:
    """Give a run's results, and write what the block has made of them.

    No other process reads or writes them meanwhile, so that none loses another's results.

    Raises:
        RunError: If the file cannot be read or written.
    """
    with for_a_moment(run.metrics.with_name(f"{run.metrics.name}.claim")):
        results = read_results(run)
        yield results
        atomic_write(run.metrics, json.dumps(results, indent=2) + "\n")
