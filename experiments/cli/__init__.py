"""The command line of train.py: LightningCLI with defaults, run folder and one-line errors."""
