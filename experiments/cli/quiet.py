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

HARMLESS_MESSAGES = {
    "pytorch_lightning.utilities.rank_zero": "litlogger",  # an advertisement of another logger
    "torch.utils.cpp_extension": "No CUDA runtime is found",  # a CPU's compilation needs none
}
"""Logger -> what its harmless message says."""


def hide_harmless_messages() -> None:
    """Hide the warnings and messages above."""
    for pattern in HARMLESS_WARNINGS:
        warnings.filterwarnings("ignore", pattern)
    for name in HARMLESS_MESSAGES:
        logging.getLogger(name).addFilter(_is_to_be_shown)


def _is_to_be_shown(record: logging.LogRecord) -> bool:
    return HARMLESS_MESSAGES[record.name] not in record.getMessage()
