"""Reads lists and folders of videos: paths, labels, class names, splits, usable videos."""
