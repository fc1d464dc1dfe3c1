"""The data set of samples, the order of an epoch, and the loader that names what failed."""
