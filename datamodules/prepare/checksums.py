"""Checksums of videos: find bits that flipped where the damaged file still decodes."""

import hashlib
from collections.abc import Sequence
from os.path import abspath
from pathlib import Path

from datamodules.atomic_write import atomic_write
from datamodules.base import VideoDataModule
from datamodules.decoding.containers.file_bytes import FileBytes
from datamodules.decoding.frame_folder import open_images
from datamodules.decoding.image_series import ImageSeries
from datamodules.decoding.open_file import open_file
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import DataError
from datamodules.lists.splitting import Split
from datamodules.packs.find import is_folder
from datamodules.prepare.inventory import take_inventory
from datamodules.prepare.parallel import in_parallel

SEPARATOR = "  "


def verify_checksums(data: VideoDataModule, splits: Sequence[Split], jobs: int | None) -> bool:
    """Compare usable videos with the checksums of the first call; add those of new videos.

    The file holds a line per video as ``sha256sum`` writes and checks it: SHA-256, two blanks, and
    the absolute path. A folder's checksum is that of its images' names and checksums.

    Args:
        data: The data set.
        splits: Empty for all.
        jobs: Threads; None for one per core.

    Returns:
        Whether no video has been altered.

    Raises:
        DataError: If no list can be used, or the file of checksums is damaged or not writable.
    """
    file = data.report_file.with_name(f"{data.report_name}.sha256")
    known = _read(file)
    videos = list(take_inventory(data, splits, jobs).facts.items())
    digests = dict(
        zip(
            (abspath(path) for path, _ in videos),
            in_parallel(_checksum, videos, "Computing checksums", jobs),
            strict=True,
        )
    )
    altered = [path for path, digest in digests.items() if known.get(path, digest) != digest]
    new = {path: digest for path, digest in digests.items() if path not in known}
    if new:
        _write(file, known | new)
    print(
        f"checksums: {len(digests) - len(new) - len(altered):,} videos unaltered, "
        f"{len(altered):,} altered, {len(new):,} new in {file}"
    )
    for path in altered:
        print(f"{path}: has been altered since its checksum was written")
    if altered:
        print(
            f"replace them by good copies, or, if the change is meant, delete their lines in {file}"
        )
    return not altered


def _checksum(video: tuple[str, VideoFacts]) -> str:
    path, facts = Path(video[0]), video[1]
    if not is_folder(path):
        with open_file(path) as file:
            return _digest(file)
    images = open_images(path, ImageSeries.from_bytes(facts.seek_index), range(facts.frames))
    lines = (f"{_digest(file)}{SEPARATOR}{image.name}\n" for image, file in images)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _digest(file: FileBytes) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _read(file: Path) -> dict[str, str]:
    try:
        # Not splitlines, which also splits at characters that names may hold, such as U+2028.
        lines = filter(None, file.read_text(encoding="utf-8").split("\n"))
        return {path: digest for digest, path in (line.split(SEPARATOR, 1) for line in lines)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read ({error}); delete it to start again") from None


def _write(file: Path, digests: dict[str, str]) -> None:
    lines = (f"{digest}{SEPARATOR}{path}\n" for path, digest in digests.items())
    with atomic_write(file, "name another data.index_dir") as draft:
        draft.write_text("".join(lines), encoding="utf-8")
