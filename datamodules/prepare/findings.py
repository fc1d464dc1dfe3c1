"""Finds problems of a data set, and things worth noting.

Wrong, because results would not be comparable: a list that cannot be used, a list of another length
than the authors' (unless ``check_counts`` is false), and videos that are missing or cannot be read.
Only noted: a test list that is not public (unless asked for by name), missing videos of a data set
that is known to lose some (unless all are missing), videos shorter than a clip, headers with
another number of frames than decode (reading does not rely on them), classes without a usable
video, and files and folders that are not read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from datamodules.lists.annotations import NO_LABEL
from datamodules.lists.splitting import Split
from datamodules.prepare.inventory import Inventory, SplitInventory


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        split: The split; "all" for the folder of the videos.
        kind: One or two words.
        is_wrong: Whether it is a problem, or only noted.
        text: One sentence.
        items: The videos or classes concerned, one line each.
    """

    split: Split | Literal["all"]
    kind: str
    is_wrong: bool
    text: str
    items: tuple[str, ...] = ()


def find_all(
    inventory: Inventory, class_names: Sequence[str], min_frames: int, asked_for: Sequence[Split]
) -> list[Finding]:
    """List all findings, split by split.

    Args:
        inventory: The data set.
        class_names: Its classes.
        min_frames: In clips of videos with fewer frames, some frames are repeated.
        asked_for: Splits that the user has named.
    """
    findings = find_in_lists(inventory, class_names, asked_for)
    for split, part in inventory.splits.items():
        findings += _find_in_videos(split, part, class_names, min_frames)
    return findings


def find_in_lists(
    inventory: Inventory, class_names: Sequence[str], asked_for: Sequence[Split]
) -> list[Finding]:
    """List findings that need no video."""
    findings = []
    for split, reason in inventory.refused.items():
        is_wrong = split != "test" or split in asked_for
        findings.append(Finding(split, "list", is_wrong, f"no usable list: {reason}"))
    for split, part in inventory.splits.items():
        count, official = len(part.annotations.paths), part.annotations.official_count
        if official not in (None, count):
            text = f"{count:,} videos listed, {official:,} in the official list"
            findings.append(Finding(split, "count", not part.may_be_part, text))
        listed = set(part.annotations.labels)
        findings += _absent_classes(split, "listed", listed, class_names)
    if inventory.ignored:
        findings.append(Finding("all", "not read", False, str(inventory.ignored)))
    return findings


def _find_in_videos(
    split: Split, part: SplitInventory, class_names: Sequence[str], min_frames: int
) -> list[Finding]:
    findings = []
    total = f"{len(part.videos):,}"
    if part.missing:
        text = f"{len(part.missing):,} of {total} videos are missing"
        finding = Finding(split, "missing", part.lacks_too_many, text, tuple(part.missing))
        findings.append(finding)
    if part.unreadable:
        text = f"{len(part.unreadable):,} of {total} videos cannot be read"
        reasons = tuple(part.unreadable.values())
        findings.append(Finding(split, "unreadable", True, text, reasons))
    short = {path: facts for path, facts in part.facts.items() if facts.frames < min_frames}
    if short:
        text = f"{len(short):,} of {total} videos have under {min_frames} frames and repeat some"
        items = tuple(f"{path}: {facts.frames} frames" for path, facts in short.items())
        findings.append(Finding(split, "short", False, text, items))
    return [*findings, *_header_findings(split, part), *_unusable_classes(split, part, class_names)]


def _header_findings(split: Split, part: SplitInventory) -> list[Finding]:
    differing = {
        path: facts
        for path, facts in part.facts.items()
        if facts.header_frames not in (0, facts.frames)
    }
    if not differing:
        return []
    most = max(abs(facts.header_frames - facts.frames) for facts in differing.values())
    text = (
        f"{len(differing):,} of {len(part.videos):,} videos' headers claim other numbers of frames "
        f"than decode, by {most} at most"
    )
    items = tuple(
        f"{path}: {facts.frames} frames decode, its header claims {facts.header_frames}"
        for path, facts in differing.items()
    )
    return [Finding(split, "header", False, text, items)]


def _unusable_classes(
    split: Split, part: SplitInventory, class_names: Sequence[str]
) -> list[Finding]:
    labels = zip(part.annotations.paths, part.annotations.labels, strict=True)
    usable = {label for path, label in labels if path in part.facts}
    lost = set(part.annotations.labels) - usable
    names = tuple(class_names[label] for label in sorted(lost - {NO_LABEL}))
    if not names:
        return []
    text = f"{len(names):,} listed classes have no usable video"
    return [Finding(split, "classes", False, text, names)]


def _absent_classes(
    split: Split, verb: str, found: set[int], class_names: Sequence[str]
) -> list[Finding]:
    if not found - {NO_LABEL}:
        return []  # an empty split, or one without labels
    names = tuple(name for label, name in enumerate(class_names) if label not in found)
    if not names:
        return []
    text = f"{len(names):,} of {len(class_names):,} classes have no video {verb}"
    return [Finding(split, "classes", False, text, names)]
