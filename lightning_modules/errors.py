"""What goes wrong with a run because of how it was asked for."""


class RunError(ValueError):
    """A run that cannot start or go on as asked; the message names what, where and the remedy."""
