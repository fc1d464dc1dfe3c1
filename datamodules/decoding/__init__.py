"""Files in, exact frames out: scanning, the seek index, reading frames, frame folders."""
