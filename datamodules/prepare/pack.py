"""``pack``: writes videos into a few large tar files, which are read like the originals."""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rich

from datamodules.atomic_write import atomic_write
from datamodules.base import VideoDataModule
from datamodules.decoding.video_index import UNWRITABLE
from datamodules.errors import DataError
from datamodules.lists.splitting import Split
from datamodules.packs.find import exists
from datamodules.packs.pack_index import shard_path
from datamodules.packs.packed_video import MEMBER
from datamodules.packs.unfinished_index import Row, UnfinishedIndex
from datamodules.prepare.inventory import Inventory, read_lists
from datamodules.prepare.list_copy import copy_list
from datamodules.prepare.parallel import in_parallel
from datamodules.prepare.shard import PackedSource, ShardWriter, Source, refuse_damaged_shard
from datamodules.prepare.summary import side_by_side
from datamodules.prepare.tree import Copy, find_root, refuse_output, stored_bytes
from datamodules.published import PublishedDataset
from datamodules.video_list import VideoList

DEFAULT_SHARD_MIB = 1024.0
BYTES_PER_MIB = 2**20


@dataclass(frozen=True)
class _Plan:
    """The videos of a pack by name.

    Attributes:
        listed: All of the lists, whether they exist or not.
        chosen: Those of the chosen splits that exist.
    """

    listed: Mapping[str, Source]
    chosen: Mapping[str, Source]


def pack_videos(
    data: VideoDataModule,
    splits: Sequence[Split],
    jobs: int | None,
    output: Path,
    shard_mib: float = DEFAULT_SHARD_MIB,
) -> bool:
    """Write the existing videos that the pack does not hold yet; nothing is decoded.

    Args:
        data: The data set.
        splits: The splits; empty for all.
        jobs: Number of tar files that are written at once; None for one per core.
        output: Folder of the pack.
        shard_mib: A tar file ends with the video that makes it so large, MiB.

    Returns:
        Whether every video that must exist is in the pack.

    Raises:
        DataError: If no list can be used, or the output holds a pack of another list, or cannot be
            written.
    """
    data.make_videos()
    inventory = read_lists(data, splits)
    for part in inventory.splits.values():
        part.missing = [path for path in part.videos if not exists(path)]
    plan = _plan(data, inventory, output)
    with _claim(output):
        index = UnfinishedIndex(output)
        done = index.sources()
        _refuse_other_list(output, plan, done)
        if lost := index.forget_lost():
            print(f"{lost:,} tar files are missing or cut; their videos are packed again")
            done = index.sources()
        waiting = [source for name, source in plan.chosen.items() if name not in done]
        print(f"{len(plan.chosen) - len(waiting):,} of {len(plan.chosen):,} videos are packed")
        failures = inventory.unusable
        if waiting or not index.is_finished:
            shards = _divide(waiting, shard_mib * BYTES_PER_MIB, jobs)
            index.begin()
            failures |= _write_shards(index, shards, jobs)
            index.finish()
    _print_outcome(data, plan, output, failures)
    return not failures


def _plan(data: VideoDataModule, inventory: Inventory, output: Path) -> _Plan:
    paths = [path for part in read_lists(data, ()).splits.values() for path in part.videos]
    root = find_root(data, paths)
    refuse_output(data, root, output)
    listed = {}
    for path in dict.fromkeys(paths):
        if UNWRITABLE.search(path):
            raise DataError(f"{path!r}: the name cannot be written down; rename the file")
        full = Path(os.path.abspath(path))
        source = Source(full, full.relative_to(root).as_posix())
        listed[source.name] = source
    needed = {
        os.path.abspath(path)
        for part in inventory.splits.values()
        for path in set(part.videos).difference(part.missing)
    }
    chosen = {name: source for name, source in listed.items() if str(source.path) in needed}
    return _Plan(listed, chosen)


@contextmanager
def _claim(output: Path) -> Iterator[None]:
    """Keep other processes from writing the same pack."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(output, os.O_RDONLY)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(
            f"{output}: cannot be written ({reason}); make room, or choose another place"
        ) from None
    try:
        _lock(output, descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(output: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataError(f"{output}: another process writes this pack; wait for its end") from None
    except OSError:
        return  # a file system without locks


def _refuse_other_list(output: Path, plan: _Plan, done: Mapping[str, str]) -> None:
    """Refuse a pack with videos that are not listed, or that have changed since."""
    others = [name for name in done if name not in plan.listed]
    if others:
        raise DataError(
            f"{output}: holds a pack of another list: {others[0]} and {len(others) - 1:,} more of "
            f"its {len(done):,} videos are not listed here; choose another output"
        )
    for name, state in done.items():
        if name in plan.chosen and plan.chosen[name].state() != state:
            raise DataError(
                f"{plan.chosen[name].path}: has changed since it was packed; delete {output}, or "
                "choose another output"
            )


def _divide(sources: Sequence[Source], shard_bytes: float, jobs: int | None) -> list[list[Source]]:
    """Divide videos, in their order, into tar files of about one size."""
    sizes = in_parallel(_size, sources, "Measuring", jobs) if sources else ()
    shards: list[list[Source]] = []
    room = 0.0
    for source, size in zip(sources, sizes, strict=True):
        if room <= 0:
            shards.append([])
            room = shard_bytes
        shards[-1].append(source)
        room -= size
    return shards


def _size(source: Source) -> int:
    try:
        return stored_bytes(source.path)
    except OSError:
        return 0  # to be named when it is read


def _write_shards(
    index: UnfinishedIndex, shards: Sequence[Sequence[Source]], jobs: int | None
) -> dict[str, str]:
    """Write tar files and record each; return the videos that cannot be read, with the reasons."""
    if not shards:
        return {}
    numbers = index.free_numbers()
    numbered = list(zip(numbers, shards, strict=False))

    def write(shard: tuple[int, Sequence[Source]]) -> dict[str, str]:
        number, sources = shard
        return _write_shard(index, number, sources)

    failures: dict[str, str] = {}
    for reasons in in_parallel(write, numbered, "Packing", jobs):
        failures |= reasons
    return failures


def _write_shard(index: UnfinishedIndex, number: int, sources: Sequence[Source]) -> dict[str, str]:
    target = shard_path(index.folder, number)
    with atomic_write(target) as draft:
        with draft.open("wb") as stream:
            writer = ShardWriter(stream)
            for source in sources:
                writer.add(source)
            writer.finish()
        refuse_damaged_shard(draft, writer.packed)
        with draft.open("rb") as stream:
            digest, size = hashlib.file_digest(stream, "sha256").hexdigest(), stream.tell()
    if writer.packed:
        index.add(number, size, digest, [_row(packed) for packed in writer.packed])
    else:
        target.unlink()
    return writer.failures


def _row(packed: PackedSource) -> Row:
    places = np.array([member[1:] for member in packed.members], dtype=MEMBER)
    return Row(packed.source.name, packed.state, packed.series, places.tobytes())


def _print_outcome(
    data: VideoDataModule, plan: _Plan, output: Path, failures: Mapping[str, str]
) -> None:
    tars = list(output.glob("*.tar"))
    rows = {
        "videos": f"{len(plan.chosen) - len(failures.keys() & _paths(plan)):,}",
        "tar files": f"{len(tars):,}",
        "size": f"{sum(map(stored_bytes, tars)) / BYTES_PER_MIB:,.1f} MiB",
        "failed": f"{len(failures):,}",
    }
    rich.print(side_by_side(f"{output}", {"": rows}))
    for reason in failures.values():
        print(reason)
    if isinstance(data, PublishedDataset):
        print(f"train from it with --data.root={output} --data.annotations={data.list_folder}")
    elif isinstance(data, VideoList):
        copies = {
            path: Copy(Path(path), output / source.name)
            for path, source in _by_path(plan, data.paths).items()
        }
        print(f"train from it with --data.source={copy_list(data, copies, output) or output}")


def _paths(plan: _Plan) -> set[str]:
    return {str(source.path) for source in plan.chosen.values()}


def _by_path(plan: _Plan, paths: Sequence[str]) -> dict[str, Source]:
    sources = {str(source.path): source for source in plan.listed.values()}
    return {path: sources[os.path.abspath(path)] for path in paths}
