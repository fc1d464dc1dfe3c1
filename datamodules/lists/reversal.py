"""Time reversal: whether videos are also shown backwards, and what their labels become."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from datamodules.clips.mirroring import mirrored_labels, names_direction
from datamodules.decoding.fact_table import FactTable
from datamodules.errors import DataError
from datamodules.lists.annotations import NO_LABEL
from datamodules.lists.selection import Coverage, Selection

ReversalKind = Literal["none", "augment", "label", "double"]

DIRECTIONS = ("forwards", "backwards")
AUGMENTED_PART = 0.5


@dataclass(frozen=True)
class Reversal:
    """What a data module's setting ``reversal`` does to clips, labels and class names.

    Attributes:
        kind: See `datamodules.base.VideoDataModule`.

    Raises:
        DataError: If the kind is unknown.
    """

    kind: ReversalKind

    def __post_init__(self) -> None:
        """Check the kind."""
        if self.kind not in get_args(ReversalKind):
            known = ", ".join(get_args(ReversalKind))
            raise DataError(f"reversal={self.kind!r}: choose one of {known}")

    @property
    def probability(self) -> float:
        """Return the probability that a training clip is reversed and keeps its label."""
        return AUGMENTED_PART if self.kind == "augment" else 0.0

    @property
    def shows_both(self) -> bool:
        """Whether every video is shown in both directions, in training and in evaluation."""
        return self.kind in ("label", "double")

    def target_names(self, class_names: Sequence[str]) -> tuple[str, ...]:
        """Name what the network distinguishes: classes, directions, or classes of each direction.

        Args:
            class_names: The K classes of the lists.

        Raises:
            DataError: If a class already has the name of another one shown backwards.
        """
        if self.kind == "label":
            return DIRECTIONS
        if self.kind != "double":
            return tuple(class_names)
        doubled = [f"{name} {DIRECTIONS[1]}" for name in class_names]
        if taken := sorted({*class_names} & {*doubled}):
            raise DataError(
                f"reversal=double: class {taken[0]!r} has the name that another class gets when it "
                "is shown backwards; rename it"
            )
        return (*class_names, *doubled)

    def refuse_directed(self, class_names: Iterable[str]) -> None:
        """Refuse to let reversed clips keep their label where a class name says a direction.

        Raises:
            DataError: If there is such a name.
        """
        directed = sorted(name for name in class_names if names_direction(name))
        if directed and self.kind == "augment":
            raise DataError(
                f"reversal=augment: class {directed[0]!r} names a direction, so its reversed clips "
                "are not of that class; set reversal to none"
            )

    def mirrored_labels(
        self, class_names: Sequence[str], flip_invariant: Collection[str]
    ) -> list[int]:
        """Give the label of each target after a horizontal flip, which keeps the order of frames.

        Args:
            class_names: The K classes of the lists.
            flip_invariant: See `datamodules.clips.mirroring.mirrored_labels`.

        Raises:
            DataError: If a class cannot be mirrored.
        """
        if self.kind == "label":
            return list(range(len(DIRECTIONS)))
        mirrored = mirrored_labels(class_names, flip_invariant)
        doubled = [label + len(mirrored) for label in mirrored] if self.kind == "double" else []
        return [*mirrored, *doubled]

    def in_both_directions(
        self, used: Selection, num_classes: int
    ) -> tuple[Selection, list[bool] | None]:
        """List every video twice, forwards and then backwards, where the kind asks for both.

        Args:
            used: n videos and their classes.
            num_classes: K, the classes of the lists.

        Returns:
            2n videos with labels of `target_names`, and for each whether it is shown backwards; or
            the n videos and None.
        """
        if not self.shows_both:
            return used, None
        twice = [index for index in range(len(used.paths)) for _ in DIRECTIONS]
        backwards = [False, True] * len(used.paths)
        labels = [int(reverse) for reverse in backwards]
        if self.kind == "double":
            labels = [
                NO_LABEL if used.labels[index] == NO_LABEL else used.labels[index] + offset
                for index, offset in zip(twice, [0, num_classes] * len(used.paths), strict=True)
            ]
        found = used.coverage
        coverage = Coverage(2 * found.listed, 2 * found.missing, 2 * found.skipped)
        facts = FactTable.of(used.facts).take(twice)
        return Selection([used.paths[i] for i in twice], labels, facts, coverage), backwards
