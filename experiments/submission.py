"""Files for the test servers of Something-Something, whose test labels are hidden.

The authors' description of the format was not found. This is what TSM's ``test_models.py
--csv_file`` writes: for V1 ``id;class name``, the best class; for V2 ``id;i1;i2;i3;i4;i5``, the
numbers of the five best classes among the sorted names. No header.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from torch import Tensor

from lightning_modules import RunError

Version = Literal["v1", "v2"]


def write_submission(
    file: Path,
    paths: Sequence[str],
    scores: Tensor,
    class_names: Sequence[str],
    version: Version,
) -> int:
    """Write a file for a test server.

    Args:
        file: The file.
        paths: The videos, ``<id>.webm`` or folders ``<id>``.
        scores: Of any scale, (n, K).
        class_names: The K classes, sorted.
        version: Of Something-Something.

    Returns:
        How many videos it has.

    Raises:
        RunError: If a video's name is not a number.
    """
    best = scores.topk(min(5, len(class_names))).indices.tolist()
    lines = []
    for path, classes in zip(paths, best, strict=True):
        video = Path(path).stem
        if not video.isdigit():
            raise RunError(f"{path}: not a video of Something-Something, whose names are numbers")
        answer = [class_names[classes[0]]] if version == "v1" else map(str, classes)
        lines.append(";".join([video, *answer]))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n")
    return len(lines)
