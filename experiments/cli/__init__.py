"""The command line of train.py: LightningCLI with defaults, links, run folder and errors."""
