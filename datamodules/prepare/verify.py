"""``verify``: compares lists with official counts, and videos with lists; writes a report."""

from collections.abc import Sequence
from pathlib import Path

import rich

from datamodules.base import VideoDataModule
from datamodules.decoding.frame_folder import other_images
from datamodules.decoding.open_file import open_file, refuse_altered
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import VideoDecodeError
from datamodules.lists.annotations import NO_LABEL
from datamodules.lists.splitting import Split
from datamodules.packs.find import find_packed, is_folder
from datamodules.prepare.findings import Finding, find_all, find_in_lists
from datamodules.prepare.images import refuse_damaged_images
from datamodules.prepare.inventory import Inventory, SplitInventory, read_lists, take_inventory
from datamodules.prepare.parallel import in_parallel
from datamodules.prepare.report import print_findings, write_reports
from datamodules.prepare.summary import describe_splits, side_by_side


def verify_videos(data: VideoDataModule, splits: Sequence[Split], jobs: int | None) -> bool:
    """Check lists and videos, print the findings, and write the report.

    Args:
        data: The data set.
        splits: Empty for all.
        jobs: Threads; None for one per core.

    Returns:
        Whether nothing is wrong.

    Raises:
        DataError: If no list can be used.
    """
    inventory = take_inventory(data, splits, jobs)
    _read_completely(inventory, jobs)
    findings = find_all(inventory, data.class_names, data.min_frames, splits)
    findings += [
        finding
        for split, part in inventory.splits.items()
        if (finding := _find_other_images(split, part))
    ]
    columns = describe_splits(inventory, data.min_frames)
    readable = write_reports(
        data.report_file, data.report_name, columns, findings, list(inventory.unusable)
    )
    rich.print(side_by_side(data.report_name, columns))
    print_findings(findings)
    print(f"report: {readable}, and {data.report_file.name} for skip_unreadable")
    return _conclude(findings)


def verify_lists(data: VideoDataModule, splits: Sequence[Split]) -> bool:
    """Check the lists only, and print the findings; no report is written.

    Args:
        data: The data set.
        splits: Empty for all.

    Returns:
        Whether nothing is wrong.

    Raises:
        DataError: If no list can be used.
    """
    inventory = read_lists(data, splits)
    columns = {}
    for split, part in inventory.splits.items():
        official = part.annotations.official_count
        classes = set(part.annotations.labels) - {NO_LABEL}
        columns[str(split)] = {
            "listed": f"{len(part.annotations.paths):,}",
            "official": "-" if official is None else f"{official:,}",
            "classes": f"{len(classes):,} of {len(data.class_names):,}",
        }
    findings = find_in_lists(inventory, data.class_names, splits)
    rich.print(side_by_side(f"{data.report_name}, lists only", columns))
    print_findings(findings)
    return _conclude(findings)


def _conclude(findings: Sequence[Finding]) -> bool:
    wrong = sum(finding.is_wrong for finding in findings)
    if wrong:
        print(f"{wrong} of {len(findings)} findings are wrong")
    return not wrong


def _read_completely(inventory: Inventory, jobs: int | None) -> None:
    """Move folders with damaged images, and altered videos of packs, to the unreadable videos."""
    videos = [
        (path, facts)
        for path, facts in inventory.facts.items()
        if is_folder(path) or find_packed(path)
    ]
    if not videos:
        return
    for (path, _), reason in zip(
        videos, in_parallel(_damage, videos, "Reading images and packs", jobs), strict=True
    ):
        if reason is not None:
            inventory.refuse(path, reason)


def _find_other_images(split: Split, part: SplitInventory) -> Finding | None:
    """Note the images in folders of frames that are no frames."""
    counts = {
        path: other_images(Path(path), facts.seek_index)
        for path, facts in part.facts.items()
        if is_folder(path)
    }
    counts = {path: count for path, count in counts.items() if count}
    if not counts:
        return None
    text = (
        f"{sum(counts.values()):,} images in {len(counts):,} folders are not read: hidden files, "
        "or of another series than the frames"
    )
    items = tuple(f"{path}: {count} images are not read" for path, count in counts.items())
    return Finding(split, "other images", False, text, items)


def _damage(video: tuple[str, VideoFacts]) -> str | None:
    path, facts = Path(video[0]), video[1]
    try:
        if is_folder(path):
            refuse_damaged_images(path, facts)
        else:
            with open_file(path) as file:
                refuse_altered(path, file)
    except VideoDecodeError as error:
        return str(error)
    return None
