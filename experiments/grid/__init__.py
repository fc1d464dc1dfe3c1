"""Grids: tables of the papers, their rows run, watched and set beside the printed figures."""
