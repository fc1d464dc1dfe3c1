"""What a run folder holds: checkpoints, where they come from, and how a fit goes on."""
