"""What a checkpoint says of where it comes from, and whether it may meet the data at hand."""

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
"""Where a checkpoint holds it; plain values all the way down."""

TOLERATED = ("crop_size", "short_side")
"""Inputs that may differ from the training's, as in tests at full resolution: worth a warning."""


class Recognizer(Protocol):
    """What is asked of a `VideoRecognizer`."""

    configuration: dict[str, Any]
    network: nn.Module
    normalize: FrameNormalizer
    _trainer: Trainer | None

    @property
    def class_names(self) -> Sequence[str]:
        """The classes in the order of the labels."""


def provenance(recognizer: Recognizer) -> dict[str, Any]:
    """Collect what decides how a recognizer's scores are to be read.

    The data tell about themselves by ``describe()``, see
    `datamodules.base.VideoDataModule.describe`; data that do not are left out.

    Returns:
        ``class_names``, ``data``, ``input``, ``model``, ``recipe``, ``seed`` and ``versions``.
    """
    trainer = recognizer._trainer  # its property refuses to say that there is none
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


def refuse_other_data(there: Any, here: dict[str, Any], *, allow: bool) -> None:
    """Compare a checkpoint's provenance with that of this run.

    Class names and their order, the data set, and the input that the network learnt from must be
    the same. Sizes of pictures may differ, with a warning; test protocols may differ. Data without
    any label name no classes to compare, see `names_of_classes`.

    Args:
        there: The checkpoint's; None where it has none.
        here: This run's.
        allow: Whether to warn where this would refuse.

    Raises:
        RunError: If something differs that must not.
    """
    if not there:
        rank_zero_warn(
            "the checkpoint does not say what it was trained on: classes, data set and input are "
            "not compared"
        )
        return
    for difference in _differences(there["input"], here["input"], only=TOLERATED):
        rank_zero_warn(f"{difference}; scores are those of another input size")
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
            "--config <run folder>/config.yaml; --allow_other_data true goes on all the same; "
            "--model.network.weights <checkpoint> begins a new training from it"
        )


def names_of_classes(there: Any, here: dict[str, Any]) -> list[str]:
    """Name the classes of the scores: the data's, or without any label the checkpoint's.

    Args:
        there: The checkpoint's provenance; None where it has none.
        here: This run's.

    Raises:
        RunError: If data without any label state another number of classes than the checkpoint.
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
    """Name what both sides state and differ in."""
    for name in there:
        chosen = (not only or name in only) and name not in without
        if chosen and name in here and there[name] != here[name]:
            yield f"{name} is {there[name]} in the checkpoint and {here[name]} here"


def _recipe(trainer: Trainer) -> dict[str, Any]:
    recipe: dict[str, Any] = {"max_epochs": trainer.max_epochs}
    try:
        recipe["total_batch_size"] = TotalBatch.of(trainer).size
    except RunError:  # the data do not say their batch
        return recipe
    groups = [group for optimizer in trainer.optimizers for group in optimizer.param_groups]
    return {**recipe, "lr": float(groups[0]["initial_lr"])} if groups else recipe
