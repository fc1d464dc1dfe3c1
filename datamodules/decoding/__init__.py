"""Files in, exact frames out: looking through a file, the seek index, reading, frame folders."""
