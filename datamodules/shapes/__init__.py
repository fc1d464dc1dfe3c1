"""MovingShapes' renderer: motion, drawing, and how much the camera hides."""
