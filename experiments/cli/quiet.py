"""Hides warnings and messages of Lightning and torch that do not matter here."""

import logging
import warnings

HARMLESS_WARNINGS = (
    ".*does not have many workers.*",  # the experiment's choice
    ".*args parameter is intended to run from within Python.*",  # the demo and grids do so
    ".*module\\(s\\) in eval mode at the start of training.*",  # partial BN, which is reported
    ".*isinstance\\(treespec, LeafSpec\\)` is deprecated.*",  # Lightning with a newer torch
    ".*smaller than the logging interval.*",
    ".*exists and is not empty.*",  # checkpoints of the run that is resumed
    ".*Total length of `list` across ranks is zero.*",  # a data set without validation videos
    ".*callbacks used to create the checkpoint.*WeightAverage.*",  # a test needs only its result
    ".*your dataloader is not resumable.*",  # it continues where the loop's counters say
    ".*sync_dist=True.*",  # torchmetrics has already summed over the processes
)


def hide_harmless_messages() -> None:
    """Hide the warnings above, and Lightning's advertisement of another logger."""
    for pattern in HARMLESS_WARNINGS:
        warnings.filterwarnings("ignore", pattern)
    logging.getLogger("pytorch_lightning.utilities.rank_zero").addFilter(_is_no_advertisement)


def _is_no_advertisement(record: logging.LogRecord) -> bool:
    return "litlogger" not in record.getMessage()
