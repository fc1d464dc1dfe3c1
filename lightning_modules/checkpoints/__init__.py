"""The run folder, its checkpoints and their provenance, and the position that a fit resumes at."""
