"""Measures this project on your machine, with your files.

python -m experiments.benchmark decode videos/
"""

from datamodules.prepare.parser import OneLineParser
from experiments.benchmark import decode, fit, loader, look, model, modules, pack, scale
from experiments.cli.user_errors import user_errors

SUBCOMMANDS = {
    "decode": decode,
    "fit": fit,
    "loader": loader,
    "look": look,
    "model": model,
    "modules": modules,
    "pack": pack,
    "scale": scale,
}
"""Modules with ``HELP``, ``EPILOG``, ``add_arguments(parser)`` and ``run(options, extra)``."""


def main(args: list[str] | None = None) -> None:
    """Run one subcommand; a user's mistake ends it with one line and exit status 1."""
    parser = OneLineParser(prog="python -m experiments.benchmark", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in SUBCOMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=module.HELP, epilog=module.EPILOG))
    with user_errors():
        options, extra = parser.parse_known_args(args)
        SUBCOMMANDS[options.command].run(options, extra)


if __name__ == "__main__":
    main()
