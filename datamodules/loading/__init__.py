"""The data set, the order of an epoch, and a loader that names the file of a failure."""
