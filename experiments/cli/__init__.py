"""The command line of train.py: LightningCLI with this project's defaults, run folder and errors."""
