"""The command line of ``python -m datamodules.prepare``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import yaml
from jsonargparse import ArgumentParser, DefaultHelpFormatter, Namespace, get_loader
from jsonargparse.typing import PositiveFloat, PositiveInt

import datamodules
from datamodules.base import VideoDataModule
from datamodules.errors import DataError
from datamodules.lists.splitting import SPLITS, Split
from datamodules.prepare.checksums import verify_checksums
from datamodules.prepare.index import index_videos
from datamodules.prepare.pack import DEFAULT_SHARD_MIB, pack_videos
from datamodules.prepare.parser import OneLineParser, constructor_errors
from datamodules.prepare.transcode import transcode_videos
from datamodules.prepare.transcode_settings import TranscodeSettings
from datamodules.prepare.verify import verify_lists, verify_videos
from datamodules.user_path import (
    DATA_PATHS,
    absolute_path,
    resolve_paths,
    understand_arguments,
)

DESCRIPTION = """Prepare the videos of a data set, named as for train.py.

  python -m datamodules.prepare index --data VideoList --data.source videos
  python -m datamodules.prepare verify --data UCF101 --data.root videos --data.annotations lists
  python -m datamodules.prepare verify --config experiments/my_videos.yaml --splits val
  python -m datamodules.prepare transcode --config experiments/my_videos.yaml --output small
  python -m datamodules.prepare pack --data SomethingSomethingV1 --data.root frames --output packed

"<command> --help" lists a command's options, "<command> --data.help UCF101" a data set's. All
commands run in parallel and continue where they were interrupted. Exit status: 0 no problem, 1
a problem, 2 bad usage.
"""
COMMANDS = {
    "index": "scan every video once: frames, sizes, where decoding may start",
    "verify": "compare lists, official counts and videos; write the report for skip_unreadable",
    "transcode": "write copies from which clips are read several times faster",
    "pack": "write the videos into a few large files, which are read like the originals",
}
SPLITS_HELP = {
    "index": "Default: all that have a list.",
    "verify": "Default: all that have a list. The report covers only these.",
    "transcode": "Default: all that have a list.",
    "pack": "Default: all that have a list.",
}
INTERRUPTED = 130


class _Parser(OneLineParser, ArgumentParser):
    """Lists the data sets if the given one does not exist."""

    packages: ClassVar = {"data": datamodules}


def main(args: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        args: Command-line arguments; None for the process's own.

    Returns:
        The exit status; an error is explained in one line on stderr.
    """
    parser = _make_parser()
    try:
        given = understand_arguments(sys.argv[1:] if args is None else args)
        options = parser.parse_args(_with_data_of_config(given))
        return 0 if _run(parser, options) else 1
    except DataError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "interrupted; finished videos are kept, and the same command continues from there",
            file=sys.stderr,
        )
        return INTERRUPTED


def _make_parser() -> ArgumentParser:
    parser = _Parser(
        prog="python -m datamodules.prepare",
        description=DESCRIPTION,
        formatter_class=_HelpFormatter,
    )
    commands = parser.add_subcommands(dest="command")
    for name, purpose in COMMANDS.items():
        command = _Parser(description=f"{purpose.capitalize()}.")
        command.add_argument(
            "--config", type=str, help="An experiment; only its section data is used."
        )
        command.add_subclass_arguments(VideoDataModule, "data", required=True, help="The data set.")
        command.add_argument("--splits", type=Split, nargs="+", default=[], help=SPLITS_HELP[name])
        command.add_argument(
            "--jobs", type=PositiveInt | None, default=None, help="Threads; default: all cores."
        )
        if name == "verify":
            command.add_argument(
                "--lists_only", action="store_true", help="Check no video; write no report."
            )
            command.add_argument(
                "--checksums",
                action="store_true",
                help="Also compare every video's bytes with the first such call.",
            )
        if name == "transcode":
            command.add_argument("--output", type=str, required=True, help="Folder of the copy.")
            command.add_class_arguments(TranscodeSettings)
        if name == "pack":
            command.add_argument("--output", type=str, required=True, help="Folder of the pack.")
            command.add_argument(
                "--shard_mib",
                type=PositiveFloat,
                default=DEFAULT_SHARD_MIB,
                help="Size of a tar file, MiB.",
            )
        commands.add_subcommand(name, command, help=purpose)
    return parser


class _HelpFormatter(DefaultHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of the examples."""


def _with_data_of_config(args: list[str]) -> list[str]:
    """Replace ``--config`` by the ``data`` of that experiment, before all other options.

    Raises:
        DataError: If the file cannot be used.
    """
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    finder.add_argument("--config", type=Path)
    found, rest = finder.parse_known_args(args)
    if found.config is None:
        return rest
    try:
        content = get_loader("yaml")(found.config.read_text())
    except OSError as error:
        raise DataError(f"{found.config}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{found.config}: is not YAML ({error})") from None
    data = content.get("data") if isinstance(content, dict) else None
    if not data:
        raise DataError(f"{found.config}: has no section data; name the data set with --data")
    if isinstance(data, str):  # a class, or a file of its own
        file = found.config.parent / data
        data = str(file) if file.is_file() else data
    value = data if isinstance(data, str) else json.dumps(data)
    return [*rest[:1], f"--data={value}", *rest[1:]]


def _run(parser: ArgumentParser, options: Namespace) -> bool:
    data = _make_data(parser, options)
    chosen = options[options.command]
    splits = [split for split in SPLITS if split in chosen.splits]
    if options.command == "index":
        return index_videos(data, splits, chosen.jobs)
    if options.command == "transcode":
        names = TranscodeSettings.__dataclass_fields__
        settings = TranscodeSettings(**{name: chosen[name] for name in names})
        output = absolute_path(chosen.output, "--output")
        return transcode_videos(data, splits, chosen.jobs, output, settings)
    if options.command == "pack":
        output = absolute_path(chosen.output, "--output")
        return pack_videos(data, splits, chosen.jobs, output, chosen.shard_mib)
    if chosen.lists_only and chosen.checksums:
        raise DataError("--checksums reads videos; leave out --lists_only")
    if chosen.lists_only:
        return verify_lists(data, splits)
    usable = verify_videos(data, splits, chosen.jobs)
    unaltered = not chosen.checksums or verify_checksums(data, splits, chosen.jobs)
    return usable and unaltered


def _make_data(parser: ArgumentParser, options: Namespace) -> VideoDataModule:
    resolve_paths(options[options.command].data.init_args, DATA_PATHS, "data")
    with constructor_errors((DataError,), DataError):
        data: VideoDataModule = parser.instantiate(options)[options.command].data
    return data
