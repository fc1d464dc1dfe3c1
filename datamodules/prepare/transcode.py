"""``transcode``: writes copies from which clips are read several times faster."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import av
import PIL
import rich

from datamodules.atomic_write import atomic_write
from datamodules.base import VideoDataModule
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import DataError
from datamodules.lists.splitting import Split
from datamodules.prepare.copies import write_copy
from datamodules.prepare.inventory import read_lists, take_inventory
from datamodules.prepare.list_copy import copy_list
from datamodules.prepare.parallel import in_parallel
from datamodules.prepare.quality import measure_psnr
from datamodules.prepare.summary import side_by_side
from datamodules.prepare.transcode_settings import TranscodeSettings
from datamodules.prepare.tree import Copy, find_root, plan_copies, refuse_output, stored_bytes
from datamodules.video_list import VideoList

RECORD = "transcode.json"
BYTES_PER_MIB = 2**20


def transcode_videos(
    data: VideoDataModule,
    splits: Sequence[Split],
    jobs: int | None,
    output: Path,
    settings: TranscodeSettings,
) -> bool:
    """Write copies of all usable videos that have none yet, and a record of settings and outcome.

    Args:
        data: The data set.
        splits: The splits; empty for all.
        jobs: Number of threads; None for one per core.
        output: Folder of the copies.
        settings: Format, size and quality.

    Returns:
        Whether every video has a copy.

    Raises:
        DataError: If no list can be used, or if the output folder cannot be used.
    """
    _refuse_other_settings(output / RECORD, settings)
    inventory = take_inventory(data, splits, jobs)
    listed = [path for part in read_lists(data, ()).splits.values() for path in part.videos]
    facts = inventory.facts
    root = find_root(data, listed)
    refuse_output(data, root, output)
    places = plan_copies(root, output, listed, settings.suffix)
    copies = {video: places[video] for video in facts}
    _write_record(output / RECORD, settings, {})
    failures = inventory.unusable | _write_copies(copies, facts, settings, jobs)
    finished = {video: copy for video, copy in copies.items() if video not in failures}
    outcome = _outcome(finished, facts, failures, settings)
    _write_record(output / RECORD, settings, outcome)
    _print_outcome(output, outcome, inventory.refused)
    if isinstance(data, VideoList) and (file := copy_list(data, places, output)):
        print(f"list of the copies: {file}")
    return not failures


def _refuse_other_settings(record: Path, settings: TranscodeSettings) -> None:
    """Refuse to mix copies of different settings: finished ones would not be written again."""
    if not record.is_file():
        return
    try:
        before = json.loads(record.read_text())["settings"]
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{record}: is not a record of transcode; delete it") from None
    if before != asdict(settings):
        raise DataError(
            f"{record}: the copies there were made with other settings, {before}; choose another "
            "output, or use these settings"
        )


def _write_copies(
    copies: Mapping[str, Copy],
    facts: Mapping[str, VideoFacts],
    settings: TranscodeSettings,
    jobs: int | None,
) -> dict[str, str]:
    """Write the copies that do not exist yet; return the failed videos with their reasons."""
    waiting = [video for video, copy in copies.items() if not copy.is_done]

    def write(video: str) -> str | None:
        copy = copies[video]
        try:
            write_copy(copy.source, facts[video], copy.target, settings)
        except DataError as error:
            return str(error)
        return None

    print(f"{len(copies) - len(waiting):,} of {len(copies):,} copies exist already")
    reasons = in_parallel(write, waiting, "Transcoding", jobs) if waiting else ()
    return {
        video: reason for video, reason in zip(waiting, reasons, strict=True) if reason is not None
    }


def _outcome(
    finished: Mapping[str, Copy],
    facts: Mapping[str, VideoFacts],
    failures: Mapping[str, str],
    settings: TranscodeSettings,
) -> dict[str, Any]:
    copies = list(finished.values())
    return {
        "videos": len(copies),
        "frames": sum(facts[video].frames for video in finished),
        "source_bytes": sum(stored_bytes(copy.source) for copy in copies),
        "output_bytes": sum(stored_bytes(copy.target) for copy in copies),
        "psnr": measure_psnr(copies, [facts[video] for video in finished], settings),
        "failed": list(failures.values()),
    }


def _write_record(file: Path, settings: TranscodeSettings, outcome: Mapping[str, Any]) -> None:
    """Write the settings, before the first copy, and the outcome too, after the last."""
    content = {
        "settings": asdict(settings),
        "encoder": settings.encoder_options if settings.format == "h264" else "libjpeg",
        "versions": {
            "av": av.__version__,
            "ffmpeg": av.ffmpeg_version_info,
            "pillow": PIL.__version__,
        },
        **outcome,
    }
    with atomic_write(file) as draft:
        draft.write_text(json.dumps(content, indent=1) + "\n")


def _print_outcome(output: Path, outcome: Mapping[str, Any], refused: Mapping[Split, str]) -> None:
    before, after = outcome["source_bytes"], outcome["output_bytes"]
    psnr = outcome["psnr"]
    rows = {
        "copies": f"{outcome['videos']:,}",
        "frames": f"{outcome['frames']:,}",
        "sources": f"{before / BYTES_PER_MIB:,.1f} MiB",
        "output": f"{after / BYTES_PER_MIB:,.1f} MiB",
        "failed": f"{len(outcome['failed']):,}",
    }
    if before:
        rows["output to sources"] = f"{after / before:.2f}"
    if psnr:
        rows["PSNR"] = f"{psnr['mean_db']} dB, minimum {psnr['least_db']} dB"
    rich.print(side_by_side(f"{output}", {"": rows}))
    for split, reason in refused.items():
        print(f"{split}: has no usable list: {reason}")
    for reason in outcome["failed"]:
        print(reason)
