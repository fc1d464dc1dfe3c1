"""Entry point of ``python -m datamodules.prepare``."""

import sys

from datamodules.prepare.closed_output import quiet_if_output_closes
from datamodules.prepare.command_line import main

if __name__ == "__main__":
    with quiet_if_output_closes():
        sys.exit(main())
