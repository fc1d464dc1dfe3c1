"""The error for mistakes in how a run is configured or used."""


class RunError(ValueError):
    """A run cannot start or continue as configured; the message says what, where and the remedy."""
