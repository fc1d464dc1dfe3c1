"""MovingShapes' renderer: motion, drawing, and nuisances such as camera drift."""
