"""One fit at a time writes into a run folder."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from lightning_modules.checkpoints.claim import SILENCE, Claim
from lightning_modules.checkpoints.holder import Holder
from lightning_modules.checkpoints.run_folder import RunFolder
from lightning_modules.errors import RunError

LIFE_SECONDS = 30.0
"""Time between two signs of life of a fit."""

RANKS = (
    *("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK"),
    *("SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "JSM_NAMESPACE_RANK"),
)
"""Variables in which launchers number the processes, or the machines, of one fit."""


def is_first_process() -> bool:
    """Tell whether this process is the first of its fit, which claims the folder for all."""
    return not any(os.environ.get(name, "0") not in ("", "0") for name in RANKS)


@contextmanager
def claimed(run: RunFolder) -> Iterator[None]:
    """Hold a run folder while a fit runs; folders that were made for it and stay empty are removed.

    Raises:
        RunError: If another fit holds it, or the folder cannot be written.
    """
    made = [folder for folder in (run.path, *run.path.parents) if not folder.exists()]
    claim = Claim(run.claim)
    try:
        holder = claim.take()
    except OSError as error:
        raise RunError(f"{run.path}: cannot be written ({error.strerror or error})") from error
    if holder is not None:
        raise RunError(_refusal(run, holder))
    ended = threading.Event()
    alive = threading.Thread(target=_show_life, args=(claim, ended), daemon=True)
    alive.start()
    try:
        yield
    finally:
        ended.set()
        alive.join()
        claim.release()
        with suppress(OSError):  # a folder that is not empty
            for folder in made:
                folder.rmdir()


def _show_life(claim: Claim, ended: threading.Event) -> None:
    while not ended.wait(LIFE_SECONDS):
        claim.show_life()


def _refusal(run: RunFolder, holder: Holder) -> str:
    elsewhere = f" or after {SILENCE / 60:.0f} minutes without a sign of life"
    return (
        f"{run.path}: another fit holds this folder ({holder}): choose another one with --run_dir, "
        f"or start again when that has ended{'' if holder.is_here else elsewhere}; if it was lost, "
        f"delete {run.claim}"
    )
