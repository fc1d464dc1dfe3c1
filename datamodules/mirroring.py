"""What a class becomes in the mirror: left and right change places in its name."""

import re
from collections.abc import Collection, Sequence

from datamodules.errors import DataError

SIDES = {"left": "right", "right": "left"}
# Whole words only, also in names like turn_left.
SIDE = re.compile(r"(?<![a-z])(left|right)(?![a-z])", re.IGNORECASE)


def mirrored_labels(class_names: Sequence[str], sideless: Collection[str] = ()) -> list[int]:
    """Find each class's mirror image by name: "left to right" and "right to left" swap.

    Class numbers differ between releases of a data set, names do not.

    Args:
        class_names: In the order of the labels.
        sideless: Names that mean no side, such as "pulling it right out".

    Returns:
        The label that each class has once mirrored, (K,); most keep theirs.

    Raises:
        DataError: If a class names a side and its mirror image is no class.
    """
    numbers = {name.casefold(): number for number, name in enumerate(class_names)}
    mirrored = []
    for name in class_names:
        image = name.casefold()
        if name not in sideless:
            image = SIDE.sub(lambda match: SIDES[match[0].lower()], image)
        if image not in numbers:
            raise DataError(
                f"class {name!r} cannot be mirrored, since {image!r} is no class; set "
                "flip_probability to 0"
            )
        mirrored.append(numbers[image])
    return mirrored
