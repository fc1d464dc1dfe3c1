"""Finds truncated files by the sizes that their container states; one file a container.

FFmpeg reads many truncated files without an error. Each ``find_missing_part`` compares the sizes
and end marks of one container with the file, and returns what is missing in words, or None.
"""
