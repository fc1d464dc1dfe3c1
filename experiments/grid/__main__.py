"""Lists, runs and reports the rows of the papers' tables.

python -m experiments.grid list
python -m experiments.grid run teinet_table1a --rows TIM MEM+TIM --seeds 0 1 2
python -m experiments.grid report
"""

from experiments.cli.user_errors import user_errors
from experiments.grid.commands import main

if __name__ == "__main__":
    with user_errors():
        main()
