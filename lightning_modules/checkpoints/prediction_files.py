"""The prediction files of a run folder, and what each was computed from."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lightning_modules.checkpoints.atomic_write import atomic_write
from lightning_modules.checkpoints.checkpoint_file import peek
from lightning_modules.checkpoints.origin import (
    Origin,
    has_usual_name,
    is_current,
    is_outdated,
    list_hash,
)
from lightning_modules.checkpoints.run_folder import RunFolder
from lightning_modules.errors import RunError

KEY = "origin"
"""The key of the origin among the tensors of a file."""

SHOWN_CLASSES = 5


def scores_csv(
    columns: Mapping[str, Sequence[str]], scores: Tensor, class_names: Sequence[str]
) -> str:
    """Write scores as a csv for people: the given columns, then the five most probable classes.

    Args:
        columns: The first columns by name, each with n values.
        scores: Logits, (n, K).
        class_names: The K classes.
    """
    best = scores.softmax(dim=1).topk(min(SHOWN_CLASSES, len(class_names)))
    ranks = range(1, best.indices.shape[1] + 1)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*columns, *(f"{what}{rank}" for rank in ranks for what in ("top", "p"))])
    rows = zip(*columns.values(), best.indices.tolist(), best.values.tolist(), strict=True)
    for *first, classes, probabilities in rows:
        shown = zip(classes, probabilities, strict=True)
        writer.writerow(
            [*first, *(cell for k, p in shown for cell in (class_names[k], f"{p:.4f}"))]
        )
    return text.getvalue()


def write_table(file: Path, table: Mapping[str, Any]) -> None:
    """Write tensors and plain values, completely or not at all.

    Raises:
        RunError: If they cannot be written.
    """
    content = io.BytesIO()
    torch.save(dict(table), content)
    atomic_write(file, content.getbuffer())


def origin_of(file: Path) -> Origin | None:
    """Read a file's origin; None if there is no such file.

    Files of older versions have a list of unlabelled videos only, damaged ones nothing.
    """
    if not file.is_file():
        return None
    try:
        table = peek(file)
        if KEY in table:
            return dict(table[KEY])
        labels = table["labels"].tolist()
        return {} if max(labels) >= 0 else {"list": list_hash(table["paths"], labels)}
    except Exception:  # torch raises many kinds for a damaged file
        return {}


def current_predictions(run: RunFolder, split: str, protocol: str) -> Path | None:
    """Find the predictions of the weights in last.ckpt; None if there are none."""
    usual = run.predictions(split, protocol)
    for file in sorted(usual.parent.glob(f"*{usual.suffix}")):
        if has_usual_name(file.stem, usual.stem) and is_current(run, origin_of(file) or {}):
            return file
    return None


def refuse_outdated(file: Path) -> None:
    """Refuse predictions in a run folder whose checkpoint holds other weights by now.

    Raises:
        RunError: If it does.
    """
    origin = origin_of(file) or {}
    run = RunFolder(file.absolute().parent.parent)
    if file.absolute().parent == run.predictions("", "").parent and is_outdated(run, origin):
        raise RunError(
            f"{file}: is of step {origin['step']} of {origin['checkpoint']}, which holds other "
            "weights by now; predict again, or copy the file elsewhere to use it as it is"
        )
