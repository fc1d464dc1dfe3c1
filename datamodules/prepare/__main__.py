"""Entry point of ``python -m datamodules.prepare``."""

import sys

from datamodules.prepare.command_line import main

if __name__ == "__main__":
    sys.exit(main())
