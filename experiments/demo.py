"""The demo: trains TEINet on MovingShapes, tests it, and prints results and folders.

python -m experiments.demo
"""

from pathlib import Path
from time import perf_counter

from rich.console import Console

from datamodules.prepare.parser import OneLineParser
from datamodules.user_path import path_argument
from experiments.cli.user_errors import user_errors
from experiments.results_table import ResultRow, print_table
from experiments.session import count_earlier_runs, numbered, result_of_last, run_experiment

CONFIG = Path(__file__).with_name("demo.yaml")
PROTOCOLS = ("1x1", "2x3")


def main(args: list[str] | None = None) -> None:
    """Train and test. An interrupted demo is resumed; after a finished one, a new run starts."""
    parser = OneLineParser(
        prog="python -m experiments.demo",
        description=__doc__,
        epilog="Any other flag goes to train.py, such as --trainer.max_epochs 4.",
    )
    parser.add_argument("--run_dir", type=path_argument, default="runs/demo", help="run folder")
    parser.add_argument("--seed_everything", type=int, default=0, help="seed of the run")
    options, overrides = parser.parse_known_args(args)
    overrides.append(f"--seed_everything={options.seed_everything}")
    earlier = count_earlier_runs(options.run_dir, PROTOCOLS)
    run_dir = numbered(options.run_dir, earlier)
    start = perf_counter()
    run_experiment(CONFIG, run_dir, PROTOCOLS, overrides)
    seed = options.seed_everything
    tests = {name: result_of_last(run_dir, name) for name in PROTOCOLS}
    rows = [ResultRow(run_dir.name, seed, name, test) for name, test in tests.items() if test]
    print_table("MovingShapes, held-out videos (chance: 12.5 %)", rows)
    Console().print(
        f"Run folder: {run_dir}  ({(perf_counter() - start) / 60:.1f} minutes)\n"
        f"Curves:     tensorboard --logdir {run_dir.parent}",
        highlight=False,
        markup=False,
    )


if __name__ == "__main__":
    with user_errors():
        main()
