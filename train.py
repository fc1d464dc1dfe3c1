"""Train, validate, test or predict: python train.py fit --config experiments/demo.yaml."""

import sys

from experiments.cli.short_help import as_full_help, asks_for_help, short_help

__all__ = ["main"]


def main(args: list[str] | None = None) -> None:
    """Run one subcommand; a user's mistake ends the process with one line and status 1 or 2.

    Args:
        args: Command-line arguments; None for the process's own.
    """
    given = sys.argv[1:] if args is None else args
    text = short_help(given)
    if text is not None:
        print(text)
        return
    from experiments.cli.command_line import main as run  # torch and Lightning: several seconds

    run(as_full_help(given) if asks_for_help(given) else args)


if __name__ == "__main__":
    main()
