"""Labels of horizontally flipped clips: left and right swap, and so do rotations."""

import re
from collections.abc import Collection, Sequence

from datamodules.errors import DataError

SIDES = {"left": "right", "right": "left"}
TURNS = {
    "clockwise": ("anticlockwise", "counterclockwise", "anti-clockwise", "counter-clockwise"),
    **dict.fromkeys(("anticlockwise", "counterclockwise"), ("clockwise",)),
    **dict.fromkeys(("anti-clockwise", "counter-clockwise"), ("clockwise",)),
}
"""Possible spellings of the mirrored rotation."""

# As words of their own, also in names like turn_left.
SIDE = re.compile(r"(?<![a-z])(left|right)(?![a-z])", re.IGNORECASE)
TURN = re.compile(r"(?<![a-z])((?:anti|counter)-?)?clockwise(?![a-z])", re.IGNORECASE)


def mirrored_labels(class_names: Sequence[str], flip_invariant: Collection[str] = ()) -> list[int]:
    """Find each class's mirror image by name: "left to right" and "right to left" swap.

    So do "clockwise" and "anticlockwise" or "counterclockwise". Names are used because class
    indices differ between releases of a data set.

    Args:
        class_names: Class names in the order of the labels.
        flip_invariant: Names that say left or right but mean no direction, such as "pulling it
            right out".

    Returns:
        The label of each class after a horizontal flip, (K,); most stay the same.

    Raises:
        DataError: If a class names a direction and its mirror image is not a class.
    """
    numbers = {name.casefold(): number for number, name in enumerate(class_names)}
    mirrored = []
    for name in class_names:
        images = [name.casefold()] if name in flip_invariant else _images(name.casefold())
        known = [image for image in images if image in numbers]
        if not known:
            raise DataError(
                f"class {name!r} cannot be mirrored, since {images[0]!r} is not a class; set "
                "flip_probability to 0"
            )
        mirrored.append(numbers[known[0]])
    return mirrored


def names_direction(name: str) -> bool:
    """Tell whether a class name says left, right, clockwise or anticlockwise."""
    return bool(SIDE.search(name) or TURN.search(name))


def _images(name: str) -> list[str]:
    """List possible names of the mirrored class."""
    name = SIDE.sub(lambda match: SIDES[match[0]], name)
    turn = TURN.search(name)
    return [TURN.sub(image, name) for image in TURNS[turn[0]]] if turn else [name]
