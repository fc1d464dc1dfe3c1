"""Train, validate, test or predict: python train.py fit --config experiments/demo.yaml."""

from experiments.cli.command_line import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
