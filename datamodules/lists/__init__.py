"""What lists and folders say: annotations, class names, splits, and which videos are used."""
