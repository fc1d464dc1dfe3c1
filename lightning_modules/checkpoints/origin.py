"""What a result was computed from: the weights of a checkpoint, and the videos of a list.

A result only replaces one of the same checkpoint (by its name in the run folder, or else its path),
split, protocol, list and other settings. So the results of a checkpoint's newer weights replace
those of its older ones, and all others stand beside each other.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytorch_lightning import LightningModule, Trainer

from lightning_modules.checkpoints.loop_position import KEY as POSITION
from lightning_modules.checkpoints.loop_position import finished_epochs
from lightning_modules.checkpoints.run_folder import CHECKPOINTS, RunFolder
from lightning_modules.checkpoints.weights_hash import hash_of, weights_hash

Origin = dict[str, Any]
"""Plain values by name; results of older versions lack some.

``checkpoint`` (name in the run folder, or path), ``epoch`` (finished ones), ``step``, ``weights``
(hash), ``data``, ``split``, ``protocol``, ``list`` (hash of paths and labels), and ``differs``:
settings that differ from those of the training, left out if there are none.
"""

REPLACED_BY_FITS = (CHECKPOINTS["last"], CHECKPOINTS["previous"])
"""Checkpoints that a fit replaces when it trains."""

COMPARED = ("checkpoint", "split", "protocol", "list")
DIGITS = 8


def loaded_from(checkpoint: dict[str, Any], differences: list[str]) -> Origin:
    """Describe a checkpoint that has been loaded, and what differs from its training."""
    saved = checkpoint.get(POSITION)
    epochs = finished_epochs(saved["position"], saved["setting"]) if saved else checkpoint["epoch"]
    weights = weights_hash(checkpoint["state_dict"])
    place = {"epoch": int(epochs), "step": int(checkpoint["global_step"]), "weights": weights}
    return {**place, "differs": differences} if differences else place


def origin_in_use(trainer: Trainer, pl_module: LightningModule) -> Origin:
    """Describe the weights that a validation, test or prediction has loaded; empty if none."""
    loaded: Origin = getattr(pl_module, "loaded", {})
    if not loaded or trainer.ckpt_path is None:
        return {}
    run, place = RunFolder(Path(trainer.default_root_dir)), Path(trainer.ckpt_path).resolve()
    in_run = place.parent == run.checkpoint("last").parent.resolve()
    return {"checkpoint": place.name if in_run else str(place), **loaded}


def list_hash(
    paths: Iterable[Any], labels: Sequence[int], identity: Mapping[str, str] | None = None
) -> str:
    """Hash the paths of videos and their labels, in order.

    A list with labels has the same hash wherever its folder lies: its paths count from the folder
    that all of its videos share. New videos without labels are often in folders of the same
    structure, so there the whole path counts.

    Args:
        paths: The videos.
        labels: Their classes, -1 where unknown.
        identity: What identifies the data set of a list with labels.
    """
    full = [os.path.abspath(str(path)) for path in paths]
    lines = []
    if full and max(labels) >= 0:
        lines = [f"{key}\t{value}" for key, value in (identity or {}).items()]
        shared = os.path.commonpath([os.path.dirname(path) for path in full])
        full = [os.path.relpath(path, shared) for path in full]
    lines += [f"{path}\t{label}" for path, label in zip(full, labels, strict=True)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:DIGITS]


def may_replace(one: Origin, other: Origin) -> bool:
    """Tell whether two results may replace each other, by what both say."""
    same = all(one[key] == other[key] for key in COMPARED if key in one and key in other)
    return same and bool(one.get("differs", []) == other.get("differs", []))


def is_outdated(run: RunFolder, origin: Origin) -> bool:
    """Tell whether the checkpoint of a result holds other weights by now."""
    if not {"checkpoint", "weights"} <= origin.keys():
        return False
    now = hash_of(run.checkpoint("last").parent / origin["checkpoint"])
    return now is not None and now != origin["weights"]


def is_current(run: RunFolder, origin: Origin) -> bool:
    """Tell whether a result is of the weights in last.ckpt, with the settings of the training.

    One without origin, of an older version, is taken for current.
    """
    if "differs" in origin or origin.get("checkpoint", CHECKPOINTS["last"]) != CHECKPOINTS["last"]:
        return False
    return not is_outdated(run, origin)


def own_name(usual: str, origin: Origin) -> str:
    """Give a result a name of its own, for when one that it may not replace has the usual name."""
    compared = repr([origin.get(key) for key in (*COMPARED, "differs")])
    digest = hashlib.sha256(compared.encode()).hexdigest()[:DIGITS]
    return f"{usual}-{Path(origin.get('checkpoint', 'weights')).stem}-{digest}"


def free_name(usual: str, origin: Origin, run: RunFolder, there: Origin | None) -> str:
    """Choose the name of a result: the usual one, unless it is taken.

    Args:
        usual: Such as ``test_1x1``.
        origin: What the result was computed from.
        run: The run folder.
        there: The origin of the result with the usual name; None if there is none.
    """
    free = there is None or may_replace(there, origin) or is_outdated(run, there)
    return usual if free else own_name(usual, origin)


def has_usual_name(name: str, usual: str) -> bool:
    """Tell whether a name is the usual one, or one that `own_name` has made from it."""
    return name == usual or name.startswith(f"{usual}-")
