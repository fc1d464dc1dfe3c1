"""Train, validate, test or predict: python train.py fit --config experiments/demo.yaml."""

import sys
from pathlib import Path

from experiments.command_line import RecognitionCLI, user_errors


def main(args: list[str] | None = None) -> None:
    """Run one subcommand; a user's mistake ends it with one line on stderr and exit status 1.

    Args:
        args: Command-line arguments; None for the process's own.
    """
    with user_errors():
        RecognitionCLI(args=args)


if __name__ == "__main__":
    # The house's packages stand beside this file, wherever it is called from.
    sys.path.insert(0, str(Path(__file__).parent))
    main()
