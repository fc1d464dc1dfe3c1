"""Named experiments and the commands that run them."""
