"""Files for the test servers of Something-Something, whose test labels are hidden.

The authors' description of the format was not found. This is the format of TSM's
``test_models.py --csv_file``: for V1 ``id;class name`` of the best class; for V2
``id;i1;i2;i3;i4;i5``, the indices of the five best classes among the sorted names. No header.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from torch import Tensor

from lightning_modules import RunError

Version = Literal["v1", "v2"]


def submission_lines(
    paths: Sequence[str],
    labels: Tensor,
    scores: Tensor,
    class_names: Sequence[str],
    version: Version,
) -> list[str]:
    """Make the lines of a file for a test server, one per video.

    Args:
        paths: The videos, ``<id>.webm`` or folders ``<id>``.
        labels: Their classes, (n,), which must be unknown: -1.
        scores: Scores of any scale, (n, K).
        class_names: The K classes, sorted.
        version: The version of Something-Something.

    Raises:
        RunError: If a video's label is known or its name is not a number.
    """
    known = [path for path, label in zip(paths, labels.tolist(), strict=True) if label >= 0]
    if known:
        raise RunError(
            f"--submission: {len(known)} of {len(paths)} videos have labels, such as {known[0]}, "
            "but test servers take the hidden test list; predict it with --data.predict_split "
            "test, the default, and without --data.test_answers"
        )
    best = scores.topk(min(5, len(class_names))).indices.tolist()
    lines = []
    for path, classes in zip(paths, best, strict=True):
        video = Path(path).stem
        if not video.isdigit():
            raise RunError(f"{path}: not a video of Something-Something, whose names are numbers")
        answer = [class_names[classes[0]]] if version == "v1" else map(str, classes)
        lines.append(";".join([video, *answer]))
    return lines
