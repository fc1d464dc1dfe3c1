"""What a checkpoint was trained on, and whether it fits the data of this run."""

import os
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, Protocol

from pytorch_lightning import Trainer
from pytorch_lightning.utilities import rank_zero_warn
from torch import nn

from lightning_modules.checkpoints.versions import versions
from lightning_modules.errors import RunError
from lightning_modules.normalization import FrameNormalizer
from lightning_modules.optimization.total_batch import TotalBatch

KEY = "provenance"
"""The key of a checkpoint's provenance, a nested dict of plain values."""

TOLERATED = ("crop_size", "short_side")
"""Input settings that may differ from the training's, with a warning: tests use larger crops."""


class Recognizer(Protocol):
    """The attributes of a `VideoRecognizer` that are read here."""

    configuration: dict[str, Any]
    network: nn.Module
    normalize: FrameNormalizer
    _trainer: Trainer | None

    @property
    def class_names(self) -> Sequence[str]:
        """The classes in the order of the labels."""


def provenance(recognizer: Recognizer) -> dict[str, Any]:
    """Collect what is needed to interpret a recognizer's scores.

    The data module describes itself by ``describe()``, see
    `datamodules.base.VideoDataModule.describe`; one without this method is left out.

    Returns:
        ``class_names``, ``data``, ``input``, ``model``, ``recipe``, ``seed`` and ``versions``.
    """
    trainer = recognizer._trainer  # the public property raises if there is none
    describe = getattr(getattr(trainer, "datamodule", None), "describe", None)
    data: dict[str, Any] = describe() if describe else {}
    seed = os.environ.get("PL_GLOBAL_SEED")
    return {
        "class_names": list(recognizer.class_names),
        "input": {**data.pop("input", {}), **recognizer.normalize.describe()},
        "data": data,
        "model": recognizer.configuration or {"network": type(recognizer.network).__name__},
        "recipe": _recipe(trainer) if trainer else {},
        "seed": None if seed is None else int(seed),
        "versions": dict(versions()),
    }


def refuse_other_data(there: Any, here: dict[str, Any], *, allow: bool) -> list[str]:
    """Compare a checkpoint's provenance with that of this run.

    Class names and their order, the data set and the input settings of the training must be the
    same. The frames' size may differ, with a warning; the test protocol may differ. Data without
    labels have no class names to compare, see `names_of_classes`.

    Args:
        there: The checkpoint's provenance; None if it has none.
        here: This run's provenance.
        allow: Whether to warn instead of raising.

    Returns:
        What differs: what is allowed to, and settings of evaluations, which are free.

    Raises:
        RunError: If something differs that must be the same.
    """
    if not there:
        rank_zero_warn(
            "the checkpoint does not say what it was trained on: classes, data set and input are "
            "not compared"
        )
        return []
    sizes = list(_differences(there["input"], here["input"], only=TOLERATED))
    for difference in sizes:
        rank_zero_warn(f"{difference}; the scores are for another input size")
    refused = [
        *(_first_other_class(there["class_names"], here["class_names"]) if _labelled(here) else ()),
        *_differences(there["data"].get("identity", {}), here["data"].get("identity", {})),
        *_differences(there["input"], here["input"], without=TOLERATED),
    ]
    if refused and allow:
        rank_zero_warn(f"allowed by allow_other_data: {'; '.join(refused)}")
    elif refused:
        raise RunError(
            f"the checkpoint was trained on other data: {'; '.join(refused)}. Give the run's own "
            "--config <run folder>/config.yaml; --allow_other_data true continues with a warning; "
            "--model.network.weights <checkpoint> starts a new training from it"
        )
    return [
        *(sizes + refused),
        *_differences(there["data"], here["data"], only=("test_split",)),
        *_differences(there.get("model", {}), here.get("model", {}), only=("view_fusion",)),
    ]


def names_of_classes(there: Any, here: dict[str, Any]) -> list[str]:
    """Give the class names of the scores: the data's, or the checkpoint's for data without labels.

    Args:
        there: The checkpoint's provenance; None if it has none.
        here: This run's provenance.

    Raises:
        RunError: If data without labels state another number of classes than the checkpoint.
    """
    ours: list[str] = here["class_names"]
    if not there or _labelled(here):
        return ours
    names: list[str] = there["class_names"]
    if len(names) != len(ours):
        raise RunError(
            f"the checkpoint has {len(names)} classes, and data.num_classes is {len(ours)}; videos "
            f"without labels take the checkpoint's: give --data.num_classes {len(names)}"
        )
    return names


def _labelled(here: dict[str, Any]) -> bool:
    return bool(here["data"].get("labelled", True))


def _first_other_class(there: Sequence[str], here: Sequence[str]) -> Iterator[str]:
    for number, (its, ours) in enumerate(zip_longest(there, here)):
        if its != ours:
            said = [repr(name) if name is not None else "not there" for name in (its, ours)]
            counts = f" ({len(there)} classes there, {len(here)} here)"
            yield (
                f"class {number} is {said[0]} in the checkpoint and {said[1]} here"
                f"{counts if len(there) != len(here) else ''}"
            )
            return


def _differences(
    there: dict[str, Any],
    here: dict[str, Any],
    *,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
) -> Iterator[str]:
    """List the values that both have and that differ."""
    for name in there:
        chosen = (not only or name in only) and name not in without
        if chosen and name in here and there[name] != here[name]:
            yield f"{name} is {there[name]} in the checkpoint and {here[name]} here"


def _recipe(trainer: Trainer) -> dict[str, Any]:
    recipe: dict[str, Any] = {"max_epochs": trainer.max_epochs}
    try:
        recipe["total_batch_size"] = TotalBatch.of(trainer).size
    except RunError:  # this data module has no batch_size
        return recipe
    groups = [group for optimizer in trainer.optimizers for group in optimizer.param_groups]
    return {**recipe, "lr": float(groups[0]["initial_lr"])} if groups else recipe
