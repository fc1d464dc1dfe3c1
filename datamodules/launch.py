"""Which of several processes of one run this is, as launchers say before any of them talks."""

import os

LOCAL_RANKS = (
    *("LOCAL_RANK", "SLURM_LOCALID", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID"),
    "JSM_NAMESPACE_LOCAL_RANK",
)
"""Variables in which launchers number the processes of one run on one machine, from 0."""


def is_first_on_machine() -> bool:
    """Whether this is the first process of its run on this machine, or the only one."""
    return all(os.environ.get(name, "0") in ("", "0") for name in LOCAL_RANKS)
