"""What goes wrong with a network because of what it was given."""


class ModelError(ValueError):
    """An argument or input that does not fit; the message names it and what would."""


class WeightsError(ModelError):
    """Weights that cannot be found, read or fitted; the message names the remedy."""
